/**
 * Runs `work` while it holds the lock `name`, which all tabs of this origin share; waits for the lock first.
 *
 * Without the Web Locks API (pages without https, browsers that refuse storage) tabs share no storage either, so `work`
 * runs at once.
 */
export async function withLock<Result>(
  name: string,
  work: () => Promise<Result>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Result> {
  let started = false
  const locked = () => {
    started = true
    return work()
  }
  try {
    return await navigator.locks.request(name, signal ? { signal } : {}, locked)
  } catch (error) {
    if (started || signal?.aborted) throw error
    return work()
  }
}
