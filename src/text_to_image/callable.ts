/**
 * Base of a class whose instances are called like functions: a call runs the method `generate`.
 *
 * The constructor returns a function with the prototype of the subclass, so methods and private fields work on it.
 */
export const Callable = class {
  constructor() {
    const instance = (...values: unknown[]) =>
      (instance as unknown as { generate(...values: unknown[]): unknown }).generate(...values)
    // biome-ignore lint/correctness/noConstructorReturn: only a returned function can be called.
    return Object.setPrototypeOf(instance, new.target.prototype)
  }
} as unknown as new <Call>() => Call
