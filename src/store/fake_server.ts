/** Bytes of a chunk that the server sends. */
const CHUNK = 2 ** 20

/** A file server at https://files.example/ with injected faults, for tests: its `fetch` takes the place of the browser's. */
export class FakeServer {
  readonly files = new Map<string, Uint8Array>()
  /** `name` or `name from` for each request. */
  readonly requests: string[] = []
  /** By file name: the byte at which its next connection breaks. */
  readonly breaks = new Map<string, number>()
  /** By file name: the byte at which its next connection stalls. */
  readonly stalls = new Map<string, number>()
  supportsRanges = true

  readonly fetch = async (url: string, { headers, signal }: RequestInit): Promise<Response> => {
    const name = url.replace('https://files.example/', '')
    const asked = Number(new Headers(headers).get('range')?.match(/^bytes=(\d+)-$/)?.[1] ?? 0)
    this.requests.push(asked > 0 ? `${name} ${asked}` : name)
    const bytes = this.files.get(name)
    if (bytes === undefined) return new Response('', { status: 404 })
    const from = this.supportsRanges ? asked : 0
    const body = this.#send(name, bytes, from, signal)
    if (from === 0) return new Response(body)
    const contentRange = `bytes ${from}-${bytes.length - 1}/${bytes.length}`
    return new Response(body, { status: 206, headers: { 'content-range': contentRange } })
  }

  #send(name: string, bytes: Uint8Array, from: number, signal: AbortSignal | null | undefined): ReadableStream {
    const [breakAt, stallAt] = [this.breaks.get(name), this.stalls.get(name)]
    this.breaks.delete(name)
    this.stalls.delete(name)
    let at = from
    return new ReadableStream(
      {
        async pull(controller) {
          signal?.throwIfAborted()
          if (at === breakAt) throw new TypeError('network error')
          if (at === stallAt) await new Promise(() => {})
          if (at === bytes.length) return controller.close()
          const end = Math.min(at + CHUNK, bytes.length, breakAt ?? bytes.length, stallAt ?? bytes.length)
          controller.enqueue(bytes.slice(at, end))
          at = end
        },
      },
      { highWaterMark: 0 },
    )
  }
}
