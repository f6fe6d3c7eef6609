/// <reference lib="esnext.disposable" preserve="true" />

/** `Symbol.dispose`, or a substitute on platforms without it, so that classes can declare the method. */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose)
