/**
 * The class of a built-in object, such as 'Float32Array', 'Blob' or 'Map'. Unlike `instanceof` it knows those of another
 * realm, such as a frame, too.
 */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}
