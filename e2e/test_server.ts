import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

/** The host name has to lead to this machine: see `args` in the Playwright configuration. */
const INSECURE_HOST = 'insecure.example'

/** Sent in pieces of so many bytes. */
const PIECE = 65_536

type File = string | RegExp
type Change = (content: Buffer) => Buffer

interface Answer {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  body: Readable
}

/**
 * Passes requests on to the server of the demo, with the files and the faults that a test asks for, and records them.
 * Unlike Playwright's routes it breaks real connections, sees the requests of workers and service workers, and sends
 * large files quickly. A file is given by the end of its path or by a pattern of it.
 */
export class TestServer {
  /** All requests so far: the path, and the Range header if there is one. */
  readonly requests: { path: string; range: string | undefined }[] = []
  readonly #server: Server
  readonly #files = new Map<File, Buffer>()
  /** By their paths; undefined for files that are missing. */
  readonly #added = new Map<string, Buffer | undefined>()
  readonly #changes = new Map<File, Change>()
  /** After how many bytes the next connection to a file breaks. */
  readonly #breaks = new Map<File, number>()
  readonly #omitted: string[] = []

  private constructor(
    readonly target: string,
    readonly folder: string,
  ) {
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  #port = 0

  /** @param folder where the demo seems to lie, e.g. '/some/where'; at the root by default */
  static async start(target: string, folder = ''): Promise<TestServer> {
    const server = new TestServer(target, folder)
    await new Promise<void>((resolve) => server.#server.listen(0, resolve))
    server.#port = (server.#server.address() as AddressInfo).port
    return server
  }

  get origin(): string {
    return `http://localhost:${this.#port}`
  }

  /** The same server under an address that browsers do not trust: they offer no WebGPU to its pages. */
  get insecureOrigin(): string {
    return `http://${INSECURE_HOST}:${this.#port}`
  }

  /** From now on there is a file with this path, or none: an answer 404. */
  add(path: string, content: Buffer | undefined): void {
    this.#added.set(path, content)
  }

  /** From now on this file is `content`, which has as many bytes. */
  replace(file: File, content: Buffer): void {
    this.#files.set(file, content)
  }

  /** From now on the content of this file is changed on its way. */
  rewrite(file: File, change: Change): void {
    this.#changes.set(file, change)
  }

  /** Takes `rewrite` back. */
  restore(file: File): void {
    this.#changes.delete(file)
  }

  /** The next connection to this file breaks after so many bytes. */
  breakAfter(file: File, bytes: number): void {
    this.#breaks.set(file, bytes)
  }

  /** From now on answers have no such header, as those of a host that sends files and nothing else. */
  omit(...headers: string[]): void {
    this.#omitted.push(...headers)
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.replace(/\?.*/, '')
    const { range } = request.headers
    this.requests.push({ path, range })
    if (!path.startsWith(`${this.folder}/`)) {
      response.writeHead(404).end()
      return
    }
    if (this.#added.has(path)) {
      const added = this.#added.get(path)
      response.writeHead(added ? 200 : 404).end(added)
      return
    }
    const [content] = matching(this.#files, path)
    const answer = await this.#forward(content ? 'HEAD' : 'GET', request.url!.slice(this.folder.length), range)
    for (const header of this.#omitted) delete answer.headers[header]
    if (content) answer.body = Readable.from(piecesOf(content, firstByte(range)))
    const changes = matching(this.#changes, path)
    const [limit] = matching(this.#breaks, path)
    for (const broken of this.#breaks.keys()) if (matches(path, broken)) this.#breaks.delete(broken)
    if (changes.length > 0) await sendChanged(answer, response, changes)
    else send(answer, response, limit)
  }

  #forward(method: 'GET' | 'HEAD', path: string, range: string | undefined): Promise<Answer> {
    // No other header, so that nothing is compressed or left out: every byte on the way is a byte of the file.
    const headers = range ? { range } : {}
    return new Promise((resolve, reject) => {
      forward(`${this.target}${path}`, { method, headers }, (original) => {
        resolve({ status: original.statusCode!, headers: original.headers, body: original })
      })
        .on('error', reject)
        .end()
    })
  }
}

function matching<Value>(values: Map<File, Value>, path: string): Value[] {
  return [...values].filter(([file]) => matches(path, file)).map(([, value]) => value)
}

function matches(path: string, file: File): boolean {
  return typeof file === 'string' ? path.endsWith(file) : file.test(path)
}

/** Of a range without an end, the only kind that the demo asks for. */
function firstByte(range = 'bytes=0-'): number {
  return Number(range.match(/^bytes=(\d+)-$/)![1])
}

function* piecesOf(content: Buffer, from: number): Generator<Buffer> {
  for (let at = from; at < content.length; at += PIECE) yield content.subarray(at, at + PIECE)
}

async function sendChanged(
  { status, headers, body }: Answer,
  response: ServerResponse,
  changes: Change[],
): Promise<void> {
  const original = Buffer.concat(await body.toArray())
  const content = changes.reduce<Buffer>((content, change) => change(content), original)
  response.writeHead(status, { ...headers, 'content-length': content.length }).end(content)
}

/** Sends `limit` bytes and breaks the connection, or sends all. */
function send({ status, headers, body }: Answer, response: ServerResponse, limit = Number.POSITIVE_INFINITY): void {
  response.writeHead(status, headers)
  if (limit === Number.POSITIVE_INFINITY) {
    body.pipe(response)
    return
  }
  let sent = 0
  body.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, limit - sent)
    sent += part.length
    // Break only when the bytes before have left, or they would be lost with the connection.
    response.write(part, () => sent === limit && response.destroy())
  })
  body.on('end', () => response.end())
}
