import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const examples = fileURLToPath(new URL('..', import.meta.url))

/** Copies an example out of the repository and installs it from the packed packages; returns its folder. */
export async function install(name: string): Promise<string> {
  const folder = join(process.env.EXAMPLES_FOLDER!, 'examples', name)
  await cp(join(examples, name), folder, {
    recursive: true,
    filter: (path) => !/[\\/](node_modules|dist|\.next|package-lock\.json|picture\.png)$/.test(path),
  })
  await run(folder, 'npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline'])
  return folder
}

/** Runs a command to its end and returns what it printed. Rejects with that if the command fails. */
export async function run(folder: string, command: string, args: string[], env = process.env): Promise<string> {
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = output(child)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${code}:\n${text()}`)
  return text()
}

/** An app that is being served. */
export interface Server {
  readonly url: string
  /** Resolves when the server answers. */
  readonly ready: Promise<void>
  stop(): Promise<void>
}

/** Starts an app with its own `npm start`. */
export async function serve(folder: string): Promise<Server> {
  const port = await freePort()
  const url = `http://localhost:${port}/`
  // A process group of its own, since npm starts the server in a shell.
  const server = spawn('npm', ['start', '--', '--port', String(port)], { cwd: folder, detached: true })
  const text = output(server)
  const ended = once(server, 'close')
  const answers = async () => {
    while (!(await fetch(url).catch(() => undefined))?.ok) {
      if (server.exitCode !== null) throw new Error(`npm start ended with ${server.exitCode}:\n${text()}`)
      await setTimeout(100)
    }
  }
  const stop = async () => {
    if (server.exitCode === null) process.kill(-server.pid!)
    await ended
  }
  return { url, ready: answers(), stop }
}

function output(child: ChildProcess): () => string {
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
