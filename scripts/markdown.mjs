/**
 * The TypeScript programs of a Markdown text. A block that imports something begins a program; one that imports nothing continues
 * the program before it.
 *
 * @param {string} markdown
 * @returns {string[]}
 */
export function programsOf(markdown) {
  /** @type {string[]} */
  const programs = []
  for (const [block] of markdown.matchAll(/(?<=^```ts\n)[\s\S]*?(?=^```)/gm)) {
    if (/^import /m.test(block)) programs.push(block)
    else programs.push(`${programs.pop() ?? ''}${block}`)
  }
  return programs
}

/**
 * Markdown without its fenced blocks, in which neither headings nor links are.
 *
 * @param {string} markdown
 * @returns {string}
 */
export function withoutFences(markdown) {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '')
}

/**
 * Targets of links and images that lead to files.
 *
 * @param {string} markdown
 * @returns {string[]}
 */
export function relativeTargets(markdown) {
  const text = withoutFences(markdown).replace(/`[^`\n]*`/g, '')
  const matches = [...text.matchAll(/\]\(\s*([^)\s]+)[^)]*\)/g), ...text.matchAll(/\s(?:src|href)="([^"]+)"/g)]
  return matches.map(([, target]) => target).filter((target) => !/^([a-z][a-z+.-]*:|\/\/)/i.test(target))
}
