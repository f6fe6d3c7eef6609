/**
 * Does something while no other tab does anything under the same name; waits for them before.
 *
 * Where there are no locks (pages without https, browsers that refuse storage) there is nothing that tabs could share
 * either, and it is done at once.
 */
export async function exclusively<Result>(
  name: string,
  work: () => Promise<Result>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Result> {
  let begun = false
  const inTurn = () => {
    begun = true
    return work()
  }
  try {
    return await navigator.locks.request(name, signal ? { signal } : {}, inTurn)
  } catch (error) {
    if (begun || signal?.aborted) throw error
    return work()
  }
}
