/** What a check may see and do: one namespace of a live cluster. */
import type { Pod } from '../objects.ts'

/** An HTTP answer from inside a pod. */
export interface LabResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** How long to wait for something to be seen. */
export interface WaitOptions {
  /** 3 s unless told. */
  timeoutMs?: number
}

/**
 * A check's only window on the world. Every method that asks about something which is not there (yet)
 * answers `undefined` or an empty list; they throw only when the cluster does not answer.
 */
export interface Lab {
  /** Unique to this one run of the check: letters and digits, fit for a URL, a file name and a log line. */
  readonly nonce: string
  /** The lesson's namespace. */
  readonly namespace: string
  readonly signal: AbortSignal
  pods(): Promise<Pod[]>
  pod(name: string): Promise<Pod | undefined>
  /** Waits until the pod satisfies `condition`; the pod as last seen otherwise, `undefined` where there is none. */
  waitForPod(name: string, condition: (pod: Pod) => boolean, options?: WaitOptions): Promise<Pod | undefined>
  /** The container's log so far, line by line, with that of its previous run before it where there is one. */
  logLines(pod: string, container: string): Promise<string[]>
  /** Polls the log until `condition` holds for its lines; the lines as last read either way. */
  waitForLog(
    pod: string,
    container: string,
    condition: (lines: string[]) => boolean,
    options?: WaitOptions,
  ): Promise<string[]>
  /** HTTP to the pod's own address through the API server; `undefined` when nothing answers there. */
  request(
    pod: string,
    port: number,
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<LabResponse | undefined>
  /** Runs a command in a running container; `undefined` when the container does not run. */
  exec(
    pod: string,
    container: string,
    argv: string[],
    options?: { stdin?: string } & WaitOptions,
  ): Promise<{ exitCode: number; stdout: string; stderr: string } | undefined>
  /** Asks until the answer is truthy: that answer, or `undefined` at the deadline. */
  until<T>(condition: () => Promise<T>, options?: WaitOptions): Promise<T | undefined>
}
