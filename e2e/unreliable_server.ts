import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Passes requests on to the server of the demo, with the faults that a test asks for, and remembers them. Unlike
 * Playwright's routes it breaks real connections, and sees what workers and service workers ask for.
 */
export class UnreliableServer {
  /** All requests so far: the path, and the Range header if there is one. */
  readonly requests: { path: string; range: string | undefined }[] = []
  readonly #server: Server
  /** How many bytes of these files still pass before their connection breaks. */
  readonly #breaks = new Map<string, number>()
  readonly #rewritten = new Map<string, (content: Buffer) => Buffer>()

  private constructor(
    readonly target: string,
    readonly folder: string,
  ) {
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  /** @param folder where the demo seems to lie, e.g. '/some/where'; at the root by default */
  static async start(target: string, folder = ''): Promise<UnreliableServer> {
    const server = new UnreliableServer(target, folder)
    await new Promise<void>((resolve) => server.#server.listen(0, resolve))
    return server
  }

  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next connection to this file (the end of its path) breaks after so many bytes. */
  breakAfter(file: string, bytes: number): void {
    this.#breaks.set(file, bytes)
  }

  /** From now on this file (the end of its path) has another content. */
  rewrite(file: string, change: (content: Buffer) => Buffer): void {
    this.#rewritten.set(file, change)
  }

  /** Takes `rewrite` back. */
  restore(file: string): void {
    this.#rewritten.delete(file)
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!.replace(/\?.*/, '')
    this.requests.push({ path, range: request.headers.range })
    if (!path.startsWith(`${this.folder}/`)) {
      response.writeHead(404).end()
      return
    }
    const url = `${this.target}${request.url!.slice(this.folder.length)}`
    // Nothing that would have the answer compressed or left out: a byte on the way is a byte of the file.
    const { range } = request.headers
    const headers = range ? { range } : {}
    forward(url, { headers }, (original) => {
      const change = find(this.#rewritten, path)
      const limit = find(this.#breaks, path)
      for (const file of this.#breaks.keys()) if (path.endsWith(file)) this.#breaks.delete(file)
      if (change) passChanged(original, response, change)
      else passUpTo(limit, original, response)
    }).end()
  }
}

function find<Fault>(faults: Map<string, Fault>, path: string): Fault | undefined {
  return [...faults].find(([file]) => path.endsWith(file))?.[1]
}

async function passChanged(original: IncomingMessage, response: ServerResponse, change: (content: Buffer) => Buffer) {
  const content = change(Buffer.concat(await original.toArray()))
  response.writeHead(original.statusCode!, { ...original.headers, 'content-length': content.length }).end(content)
}

/** Passes this many bytes and breaks the connection, or passes all. */
function passUpTo(limit: number | undefined, original: IncomingMessage, response: ServerResponse) {
  response.writeHead(original.statusCode!, original.headers)
  let sent = 0
  original.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, (limit ?? Number.POSITIVE_INFINITY) - sent)
    sent += part.length
    // What was written before must have left, or the break would take it along.
    response.write(part, () => sent === limit && response.destroy())
  })
  original.on('end', () => response.end())
}
