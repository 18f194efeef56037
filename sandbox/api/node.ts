/** What the API server asks of a node, as the real one asks its kubelet; whoever runs pods implements it. */
import type { Duplex, Readable, Writable } from 'node:stream'
import type { Pod } from '../objects.ts'

/** Query parameters of `GET …/pods/NAME/log`, already parsed; `container` is always a container of the pod. */
export interface LogOptions {
  container: string
  follow: boolean
  previous: boolean
  timestamps: boolean
  tailLines?: number
  limitBytes?: number
  /** Milliseconds since the epoch: only lines written at or after it. */
  sinceMs?: number
  signal: AbortSignal
}

/** One process to start in a running container. */
export interface ExecOptions {
  container: string
  command: string[]
  tty: boolean
  stdin?: Readable
  stdout?: Writable
  /** Absent with a tty: a terminal has one output. */
  stderr?: Writable
  signal: AbortSignal
}

/** Whose streams to join. */
export type AttachOptions = Omit<ExecOptions, 'command' | 'tty'>

/** How a process ended, and how to tell it of a new window size while it runs. */
export interface ExecSession {
  exitCode: Promise<number>
  resize(columns: number, rows: number): void
}

/** The streams that only the machine with the containers can serve. Each throws a StatusError from api/status.ts. */
export interface NodeStreams {
  /** Lines as `kubectl logs` prints them, in UTF-8. */
  logs(pod: Pod, options: LogOptions): Promise<ReadableStream<Uint8Array>>
  exec(pod: Pod, options: ExecOptions): Promise<ExecSession>
  /** Joins the container's own process, which goes on when the signal aborts. */
  attach(pod: Pod, options: AttachOptions): Promise<ExecSession>
  /** A TCP connection to a port of the pod's own address. */
  connect(pod: Pod, port: number): Promise<Duplex>
  /** A TCP connection to a port of the pod's localhost; each half may end before the other. */
  forward(pod: Pod, port: number): Promise<Duplex>
}
