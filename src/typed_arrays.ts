import { kindOf } from './kind'

/** Typed arrays of any realm: `instanceof` does not know those of another one, such as an iframe or a context of node:vm. */

/** The class of a typed array by its name, for instance 'Float32Array'; empty for every other value. */
export function arrayClass(value: unknown): string {
  return ArrayBuffer.isView(value) ? kindOf(value) : ''
}

/** A Float16Array, if the declarations of JavaScript have it, as those of ES2025 do; else none. */
export type HalfArray =
  typeof globalThis extends Record<'Float16Array', Record<'prototype', infer Instance>> ? Instance : never
