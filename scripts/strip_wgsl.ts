/** Removes comments, indentation and empty lines; directives (`//#`) and names stay. */
export function stripWgsl(source: string): string {
  return source
    .replace(/\/\/(?!#).*$/gm, '')
    .replace(/^\s+|[ \t]+$/gm, '')
    .trim()
}
