/** As in page.css: the page has two columns. */
const WIDE = '(min-width: 60em)'

/** What explains a picture is open beside it. In one column it is folded, so that what can be done is near the picture. */
export function startFolds(): void {
  for (const fold of document.querySelectorAll<HTMLDetailsElement>('.fold')) fold.open = matchMedia(WIDE).matches
}
