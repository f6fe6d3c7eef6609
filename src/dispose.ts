/// <reference lib="esnext.disposable" preserve="true" />

/** `Symbol.dispose`, or a stand-in on platforms that lack it: classes can declare the method either way. */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose)
