/** Runs a command in a container of any cluster: the client side of exec over WebSocket. */
import { WebSocket } from 'ws'
import { ApiError, PODS, objectPath, type ObjectRef } from './client.ts'
import { WorkshopError, messageOf } from './errors.ts'
import { credentials, type Connection } from './kubeconfig.ts'
import type { Status } from './objects.ts'

/** What the command left. */
export interface ExecResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** First byte of every message: https://kubernetes.io/blog/2024/08/20/websockets-transition/ and KEP-4006. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const

/**
 * Runs `argv` in a running container and waits for its end.
 * Throws an ApiError when the API server refuses (no such pod or container, not running), a WorkshopError when
 * the connection breaks; a non-zero exit code is an answer.
 */
export function execInPod(
  connection: Connection,
  ref: ObjectRef,
  options: { container: string; argv: string[]; stdin?: string; signal?: AbortSignal },
): Promise<ExecResult> {
  // A signal that has aborted already tells nobody again.
  if (options.signal?.aborted) return Promise.reject(options.signal.reason as Error)
  const { tls, headers } = credentials(connection)
  const url = new URL(objectPath(PODS, ref, 'exec'), connection.server)
  url.protocol = 'wss:'
  url.searchParams.set('container', options.container)
  for (const argument of options.argv) url.searchParams.append('command', argument)
  url.searchParams.set('stdout', 'true')
  url.searchParams.set('stderr', 'true')
  if (options.stdin !== undefined) url.searchParams.set('stdin', 'true')
  const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ...tls, headers })
  return new Promise((resolve, reject) => {
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    let status: Status | undefined
    const abort = () => socket.terminate()
    options.signal?.addEventListener('abort', abort, { once: true })
    socket.on('unexpected-response', (_request, response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => reject(refusal(response.statusCode ?? 502, text)))
    })
    socket.on('open', () => {
      if (options.stdin === undefined) return
      socket.send(Buffer.concat([Buffer.of(CHANNEL.stdin), Buffer.from(options.stdin)]))
      socket.send(Buffer.of(CHANNEL.close, CHANNEL.stdin))
    })
    socket.on('message', (data: Buffer) => {
      if (data[0] === CHANNEL.stdout) output.stdout.push(data.subarray(1))
      if (data[0] === CHANNEL.stderr) output.stderr.push(data.subarray(1))
      if (data[0] === CHANNEL.status) status = JSON.parse(data.subarray(1).toString()) as Status
    })
    socket.on('error', (error) => reject(broken(ref, error)))
    socket.on('close', () => {
      options.signal?.removeEventListener('abort', abort)
      if (options.signal?.aborted) reject(options.signal.reason)
      else if (!status) reject(broken(ref, 'the connection closed before the command ended'))
      else if (exitCodeOf(status) === undefined) reject(new ApiError(status))
      else
        resolve({ exitCode: exitCodeOf(status)!, stdout: join(output.stdout), stderr: join(output.stderr) })
    })
  })
}

function exitCodeOf(status: Status): number | undefined {
  if (status.status === 'Success') return 0
  const cause = status.details?.causes?.find((entry) => entry.reason === 'ExitCode')
  return cause?.message === undefined ? undefined : Number(cause.message)
}

function refusal(code: number, text: string): Error {
  try {
    return new ApiError(JSON.parse(text) as Status)
  } catch {
    return new WorkshopError(
      `exec was refused with HTTP ${code}: ${text.slice(0, 200)}`,
      'npm run cluster status',
    )
  }
}

function broken(ref: ObjectRef, error: unknown): WorkshopError {
  return new WorkshopError(
    `exec in pod ${ref.name} broke off: ${messageOf(error)}`,
    'npm run cluster status',
    {
      cause: error,
    },
  )
}

function join(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString()
}
