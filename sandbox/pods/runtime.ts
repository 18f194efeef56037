/** What the kubelet asks of whatever runs containers: the counterpart of Kubernetes' CRI, much smaller. */
import type { Duplex, Readable, Writable } from 'node:stream'

/** A pod as the runtime sees it. `uid` is the pod's metadata.uid and names its folder and network. */
export interface PodIdentity {
  uid: string
  namespace: string
  name: string
  hostname: string
  /** What makes the hostname a name of the cluster: `SUBDOMAIN.NAMESPACE.svc.cluster.local`. */
  domain?: string
  /** `hostname` answers with the domain too. */
  isFullName?: boolean
  /** More lines for /etc/hosts. */
  hostAliases?: { ip: string; hostnames?: string[] }[]
  /** Absent for the cluster's own name server alone. */
  dns?: DnsConfig
  /** Its containers see each other's processes. */
  sharesProcesses?: boolean
}

/** https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-config */
export interface DnsConfig {
  /** ClusterFirst when absent; `Default` is the machine's own, `None` nothing but what follows. */
  policy?: string
  nameservers?: string[]
  searches?: string[]
  options?: { name?: string; value?: string }[]
}

/** Who a container is and what it may do, worked out from the pod's and its own securityContext. */
export interface ContainerSecurity {
  /** Absent for the image's user, who is root. */
  user?: number
  /** Absent for the user's own group in /etc/passwd, else 0. */
  group?: number
  /** Beside `group`. */
  groups: number[]
  readOnlyRoot: boolean
  /** Kubernetes' names: `NET_ADMIN`, `ALL`. */
  addCapabilities: string[]
  dropCapabilities: string[]
  /** setuid programs give it nothing. */
  noNewPrivileges: boolean
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
  /** Absent for root with the usual capabilities. */
  security?: ContainerSecurity
  /** The main process has a standard input to attach to; `once`: it ends with the first who was attached. */
  stdin?: 'open' | 'once'
  /** The main process has a terminal. */
  tty?: boolean
  /** More than this much memory ends it; see ContainerExit.oomKilled. */
  memoryLimitBytes?: number
  /** In cores; more is not given to it, where the runtime {@link ContainerRuntime.limitsCpu}. 0 is no limit. */
  cpuLimit?: number
  /** Id of a running container whose processes it sees and shares. */
  processesOf?: string
}

/** How a container ended. A process that died by a signal has exit code 128 + signal number. */
export interface ContainerExit {
  exitCode: number
  signal?: number
  finishedAtMs: number
  /** It was killed for using more memory than it may. */
  oomKilled?: true
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
  readonly reason: 'CreateContainerConfigError' | 'CreateContainerError' | 'RunContainerError' | 'StartError'

  constructor(reason: ContainerStartError['reason'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ContainerStartError'
    this.reason = reason
  }
}

/** A process whose streams someone holds. */
export interface StreamSession {
  /** Never rejects. */
  exitCode: Promise<number>
  /** A no-op without a terminal. */
  resize(columns: number, rows: number): void
}

/** Runs pods on this machine. All methods are idempotent towards what is already gone. */
export interface ContainerRuntime {
  /** Whether this machine lets it enforce a `cpuLimit`. */
  limitsCpu(): boolean
  /** Network namespace with lo up and an address of its own. Throws when the host refuses. */
  createSandbox(pod: PodIdentity): Promise<{ ip: string }>
  /** Removes network and mounts; the pod's containers have ended before. */
  removeSandbox(uid: string): Promise<void>
  /** A TCP connection to the pod's own localhost; each half may end before the other. Throws when nobody listens. */
  connectLoopback(uid: string, port: number): Promise<Duplex>
  /** Puts fresh memory, `sizeBytes` of it at most, on a folder; nothing changes where it has been put already. */
  mountMemory(folder: string, sizeBytes?: number): Promise<void>
  /** Takes it away; a no-op for a plain folder. */
  unmountMemory(folder: string): Promise<void>
  /** Throws ContainerStartError. */
  startContainer(spec: ContainerSpec): Promise<RunningContainer>
  /**
   * Starts one more process in the namespaces of a running container, with its environment and folder. `exitCode`
   * settles when `stdout` and `stderr`, which this ends, have taken all output. Abort kills the process and its
   * group. Throws ContainerStartError when the program can't be executed or the container is gone.
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
  ): Promise<StreamSession>
  /**
   * Joins the streams of a running container's main process; its log goes on. Output from now on goes to `stdout` and
   * `stderr`, which end with the container; `stdin` reaches it when its spec has one. `exitCode` is the container's,
   * or 0 as soon as `signal` aborts. Throws ContainerStartError when the container is gone.
   */
  attach(
    containerId: string,
    options: { stdin?: Readable; stdout?: Writable; stderr?: Writable; signal: AbortSignal },
  ): Promise<StreamSession>
}
