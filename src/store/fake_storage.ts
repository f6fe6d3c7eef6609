/** The part of the Cache API that the store uses, in memory, for tests without a browser. */
export class FakeCache {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>()
  readonly #types = new Map<string, string>()
  /** Capacity in bytes. */
  quota = Number.POSITIVE_INFINITY

  get cache(): Cache {
    return this as unknown as Cache
  }

  get bytes(): number {
    return [...this.entries.values()].reduce((sum, { length }) => sum + length, 0)
  }

  async match(url: string): Promise<Response | undefined> {
    const bytes = this.entries.get(url)
    const type = this.#types.get(url)
    const headers = { 'content-length': String(bytes?.length), ...(type && { 'content-type': type }) }
    return bytes && new Response(bytes, { headers })
  }

  async matchAll(): Promise<Response[]> {
    return Promise.all(Array.from(this.entries.keys(), async (url) => (await this.match(url))!))
  }

  async put(url: string, response: Response): Promise<void> {
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (this.bytes + bytes.length > this.quota) throw new DOMException('Quota exceeded.', 'QuotaExceededError')
    this.entries.set(url, bytes)
    this.#types.set(url, response.headers.get('content-type') ?? '')
  }

  async keys(url?: string, options?: CacheQueryOptions): Promise<{ url: string }[]> {
    return this.#select(url, options).map((key) => ({ url: key }))
  }

  async delete(url: string, options?: CacheQueryOptions): Promise<boolean> {
    const selected = this.#select(url, options)
    for (const key of selected) this.entries.delete(key)
    return selected.length > 0
  }

  #select(url?: string, { ignoreSearch = false }: CacheQueryOptions = {}): string[] {
    const strip = (key: string) => (ignoreSearch ? key.replace(/\?.*/, '') : key)
    return [...this.entries.keys()].filter((key) => url === undefined || strip(key) === strip(url))
  }
}

/** The part of the Web Locks API that the store uses: requests of one name run one after another. */
export function fakeLocks() {
  const last = new Map<string, Promise<unknown>>()
  return {
    request<Result>(name: string, _options: LockOptions, work: () => Promise<Result>): Promise<Result> {
      const turn = (last.get(name) ?? Promise.resolve()).then(work)
      last.set(
        name,
        turn.catch(() => {}),
      )
      return turn
    },
  }
}
