/** `Symbol.dispose`, or the symbol by which compiled `using` finds the method on platforms without it. */
export const dispose: typeof Symbol.dispose =
  Symbol.dispose ?? /* @__PURE__ */ (Symbol.for('Symbol.dispose') as typeof Symbol.dispose)

/**
 * Makes `using` free an object on platforms without `Symbol.dispose`; a constructor calls it. A class declares its method as
 * `[Symbol.dispose]`, since bundlers keep an unused class whose method has a computed name that they do not know. On those platforms
 * that declaration makes a method named 'undefined', which nothing calls.
 */
export function makeDisposable(object: { destroy(): unknown }): void {
  if (dispose !== Symbol.dispose) Object.defineProperty(object, dispose, { value: object.destroy })
}
