import type { Plugin } from 'vite'

/** The address of the picture that other sites show with a link, which has to be absolute there. */
const SOCIAL_PICTURE = /(property="og:image" content=")\.\//
/** Where the links of the footer go that not every build has. */
const PLACEHOLDER = '<!-- more links -->'

interface Site {
  /** Where the page is published, with its documentation below `docs/`; undefined if that is not known. */
  address: string | undefined
  /** The repository, if it is public. */
  repository: string | undefined
}

/** Vite plugin: writes into the page what depends on where it is published. */
export function site(facts: Site): Plugin {
  return { name: 'site', transformIndexHtml: (html) => withSite(html, facts) }
}

export function withSite(html: string, { address, repository }: Site): string {
  const links = [
    ...(address ? [link('./docs/', 'Documentation')] : []),
    ...(repository ? [link(repository, 'Source')] : []),
  ]
  const page = html.replace(PLACEHOLDER, () => links.map((link) => ` ${link}.`).join(''))
  return address ? page.replace(SOCIAL_PICTURE, (_, before) => `${before}${address.replace(/\/?$/, '/')}`) : page
}

function link(address: string, text: string): string {
  return `<a target="_blank" rel="noopener" href="${address}">${text}</a>`
}
