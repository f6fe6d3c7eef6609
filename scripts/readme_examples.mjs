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
