/** Runs a program of sandbox/images as its own process, and talks to it byte by byte. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { until } from '#sandbox/until.ts'

/** A program that runs, and all that it has written so far. */
export interface Program {
  process: ChildProcess
  stdout(): string
  stderr(): string
  /** The exit code, or the signal's name; settles once. */
  exited: Promise<number | string>
}

/** The path of an image's program. */
export function programPath(image: string): string {
  return fileURLToPath(new URL(`../../sandbox/images/${image}/main.ts`, import.meta.url))
}

/** Starts `node main.ts` of an image with this environment; it is ended when the running test ends. */
export function startProgram(image: string, env: Record<string, string> = {}): Program {
  return startProcess(process.execPath, [programPath(image)], env)
}

/** Starts any binary with a bare environment; it is ended when the running test ends. */
export function startProcess(file: string, args: string[], env: Record<string, string> = {}): Program {
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text))
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  onTestFinished(async () => {
    // SIGKILL alone would leave the workers of an nginx behind.
    child.kill('SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), 2_000)
    await exited
    clearTimeout(killer)
  })
  return { process: child, stdout: () => written.stdout, stderr: () => written.stderr, exited }
}

/** A TCP port of 127.0.0.1 that nobody has just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until something listens on the port. */
export async function waitForPort(port: number): Promise<void> {
  const isUp = await until(() => canConnect(port), { timeoutMs: 10_000 })
  if (!isUp) throw new Error(`nothing listens on port ${port}`)
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isConnected = await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  })
  socket.destroy()
  return isConnected
}

/** A raw connection; `received` is all that came, one character for each byte, and `ended` says that the peer closed. */
export interface RawConnection {
  socket: Socket
  received(): string
  ended: Promise<void>
}

/** Connects to 127.0.0.1; the connection goes when the running test ends. */
export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise<void>((resolve) => socket.on('end', resolve).on('error', () => resolve()))
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return { socket, received: () => text, ended }
}

/** Sends these bytes, closes the sending side, and returns all that comes until the peer closes. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const { socket, received, ended } = await openRaw(port)
  socket.end(bytes, 'latin1')
  await ended
  return received()
}
