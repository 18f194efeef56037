/** What exec and attach are carried by, whatever the wire: input, outputs, window sizes and a Status at the end. */
import type { Readable, Writable } from 'node:stream'

/** Which of the streams a client asks for; with a terminal standard error is never among them. */
export interface WantedStreams {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  tty: boolean
}

/** The client's end of a command. */
export interface CommandChannels {
  stdin?: Readable
  stdout?: Writable
  stderr?: Writable
  /** Aborted when the client is gone, and after {@link finish}. */
  signal: AbortSignal
  /** Sizes that came before are told at once. */
  onResize(listener: (columns: number, rows: number) => void): void
  /** Tells how the command ended and closes the connection; outputs have been ended before. */
  finish(status: object): void
}

/** Reads the query of an exec or attach request: Go's clients write `true`, others `1`. */
export function readWanted(query: URLSearchParams): WantedStreams {
  const wants = (name: string) => ['true', '1'].includes(query.get(name) ?? '')
  const tty = wants('tty')
  return { stdin: wants('stdin'), stdout: wants('stdout'), stderr: wants('stderr') && !tty, tty }
}

/** A place for window sizes until somebody wants them; `take` reads one message of a client. */
export function createResizeQueue(): Pick<CommandChannels, 'onResize'> & { take(message: Buffer): void } {
  const early: [number, number][] = []
  let tell = (columns: number, rows: number): void => void early.push([columns, rows])
  return {
    take(message) {
      const size = readSize(message)
      if (size) tell(...size)
    },
    onResize(listener) {
      for (const size of early.splice(0)) listener(...size)
      tell = listener
    },
  }
}

function readSize(message: Buffer): [number, number] | undefined {
  try {
    const { Width, Height } = JSON.parse(message.toString()) as { Width?: unknown; Height?: unknown }
    return isSize(Width) && isSize(Height) ? [Width, Height] : undefined
  } catch {
    return undefined
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536
}
