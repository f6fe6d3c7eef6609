/** Classes by the leading bits of their mass, so that only those around the cut have to be sorted. */
const shift = 19
const buckets = 2 ** (31 - shift)

const sums = new Float64Array(buckets)
const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** Positive floats are ordered as their bits are. */
function bucketOf(mass: number): number {
  float[0] = mass
  return bits[0]! >> shift
}

/**
 * Sets to 0 the classes that truncation drops: with the classes in falling order, equal ones by rising index, a class is
 * kept if it is the first or the mass of those before it is below the rate. No full sort: a histogram finds the cut.
 *
 * @param masses of all classes, not normalised
 */
export function truncateMasses(masses: Float64Array, total: number, rate: number): void {
  const wanted = rate * total
  sums.fill(0)
  for (let k = 0; k < masses.length; k++) sums[bucketOf(masses[k]!)]! += masses[k]!
  let cut = buckets - 1
  let before = 0
  while (cut > 0 && (sums[cut] === 0 || before + sums[cut]! < wanted)) before += sums[cut--]!
  const around: number[] = []
  for (let k = 0; k < masses.length; k++) {
    const bucket = bucketOf(masses[k]!)
    if (bucket < cut) masses[k] = 0
    else if (bucket === cut) around.push(k)
  }
  around.sort((a, b) => masses[b]! - masses[a]! || a - b)
  for (const k of around) {
    const mass = masses[k]!
    if (before > 0 && !(before < wanted)) masses[k] = 0
    before += mass
  }
}
