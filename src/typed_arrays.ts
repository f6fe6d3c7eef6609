/** Typed arrays of any realm: `instanceof` does not know those of another one, such as an iframe or a context of node:vm. */

/** The class of a typed array by its name, for instance 'Float32Array'; empty for every other value. */
export function arrayClass(value: unknown): string {
  return ArrayBuffer.isView(value) ? Object.prototype.toString.call(value).slice(8, -1) : ''
}

/** The methods of typed arrays whose result has the class of the array. */
interface HalfMethods {
  slice(start?: number, end?: number): HalfArray
  subarray(start?: number, end?: number): HalfArray
  filter(predicate: (value: number, index: number, array: never) => unknown): HalfArray
  map(change: (value: number, index: number, array: never) => number): HalfArray
  with(index: number, value: number): HalfArray
  toReversed(): HalfArray
  toSorted(compare?: (a: number, b: number) => number): HalfArray
  fill(value: number, start?: number, end?: number): this
  sort(compare?: (a: number, b: number) => number): this
  reverse(): this
  copyWithin(target: number, start: number, end?: number): this
  valueOf(): HalfArray
}

/** A Float16Array, described by the other typed arrays, since the declarations of JavaScript before 2025 lack it. */
export interface HalfArray extends HalfMethods, Omit<Float32Array, keyof HalfMethods | typeof Symbol.toStringTag> {
  /** The name of the class. */
  readonly [Symbol.toStringTag]: 'Float16Array'
}
