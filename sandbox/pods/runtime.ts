/** What the kubelet asks of whatever runs containers: the counterpart of Kubernetes' CRI, much smaller. */
import type { Duplex, Readable, Writable } from 'node:stream'

/** A pod as the runtime sees it. `uid` is the pod's metadata.uid and names its folder and network. */
export interface PodIdentity {
  uid: string
  namespace: string
  name: string
  hostname: string
}

/** A folder or file of the host that appears in a container. */
export interface ContainerMount {
  /** Absolute path on the host; it exists. */
  source: string
  /** Absolute path in the container; made if it does not exist there. */
  mountPath: string
  readOnly: boolean
}

/** All that is needed to start one container; nothing in it is looked up again. */
export interface ContainerSpec {
  pod: PodIdentity
  name: string
  /** The container's restartCount: names the log file `<attempt>.log`. */
  attempt: number
  /** The full argv, entrypoint first. */
  argv: string[]
  env: Record<string, string>
  workingDir: string
  /** Volumes first to last; the image's own files come as read-only mounts too. */
  mounts: ContainerMount[]
  /** CRI-format log file, made by the runtime: `<RFC 3339 nano> stdout|stderr F|P <text>`. */
  logPath: string
}

/** How a container ended. A process that died by a signal has exit code 128 + signal number. */
export interface ContainerExit {
  exitCode: number
  signal?: number
  finishedAtMs: number
}

/** A container that runs. */
export interface RunningContainer {
  /** Unique over the cluster's life: the `containerID` of the status is `embedded://<id>`. */
  id: string
  startedAtMs: number
  /** Settles once, never rejects; all output is in the log file by then. */
  exited: Promise<ContainerExit>
  /** To the container's PID 1. A no-op after its end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

/** A container that could not be started: `reason` and `message` go to its status. */
export class ContainerStartError extends Error {
  readonly reason: 'CreateContainerError' | 'RunContainerError' | 'StartError'

  constructor(reason: ContainerStartError['reason'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ContainerStartError'
    this.reason = reason
  }
}

/** Runs pods on this machine. All methods are idempotent towards what is already gone. */
export interface ContainerRuntime {
  /** Network namespace with lo up and an address of its own. Throws when the host refuses. */
  createSandbox(pod: PodIdentity): Promise<{ ip: string }>
  /** Removes network and mounts; the pod's containers have ended before. */
  removeSandbox(uid: string): Promise<void>
  /** A TCP connection to the pod's own localhost; each half may end before the other. Throws when nobody listens. */
  connectLoopback(uid: string, port: number): Promise<Duplex>
  /** Throws ContainerStartError. */
  startContainer(spec: ContainerSpec): Promise<RunningContainer>
  /**
   * Starts one more process in the namespaces of a running container, with its environment and folder. `exitCode`
   * never rejects and settles when `stdout` and `stderr`, which this ends, have taken all output. Abort kills the
   * process and its group. Throws ContainerStartError when the program can't be executed or the container is gone.
   */
  exec(
    containerId: string,
    options: {
      argv: string[]
      tty: boolean
      stdin?: Readable
      stdout?: Writable
      stderr?: Writable
      signal: AbortSignal
    },
  ): Promise<{ exitCode: Promise<number>; resize(columns: number, rows: number): void }>
}
