/** `kind create cluster`, its progress as stages of ours, and why it failed. */
import type { Progress } from '../cluster.ts'
import { runCommand } from '../command.ts'
import { UNREACHABLE } from '../containers/build.ts'
import { engineRefusal, lastLines, type ContainerEngine } from '../containers/engine.ts'
import { WorkshopError } from '../errors.ts'
import { KIND_CLUSTER } from './binary.ts'

/**
 * Kubernetes 1.34.11 as the release notes of kind v0.33.0 list it: native sidecars are on, the kubelet still runs on
 * hosts with control groups version 1, and it has not the restart bug of 1.35 (kubernetes#136910).
 * https://github.com/kubernetes-sigs/kind/releases/tag/v0.33.0
 */
export const NODE_IMAGE =
  'kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d'

const CREATE_TIMEOUT_MS = 15 * 60_000

/** What to create. */
export interface CreateOptions {
  workers: number
  /** The file that kind may write its kubeconfig to, and no other. */
  kubeconfig: string
  engine: ContainerEngine
  progress: Progress
  signal?: AbortSignal
}

/** Creates the cluster and waits until it is ready; throws why it could not. What it left is the caller's to remove. */
export async function createKindCluster(options: CreateOptions): Promise<void> {
  const { workers, kubeconfig, engine, progress, signal } = options
  const roles = ['control-plane', ...Array.from({ length: workers }, () => 'worker')]
  const config = {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: roles.map((role) => ({ role, image: NODE_IMAGE })),
  }
  const args = [
    'create',
    'cluster',
    '--name',
    KIND_CLUSTER,
    '--kubeconfig',
    kubeconfig,
    '--wait',
    '2m',
    '--config',
    '-',
  ]
  const stages = stagesOf(progress)
  let exitCode: number | undefined
  try {
    const result = await runCommand('kind', args, {
      input: JSON.stringify(config),
      env: engine.kindEnv,
      timeoutMs: CREATE_TIMEOUT_MS,
      onErrorLine: stages.line,
      signal,
    })
    exitCode = result.exitCode
    if (exitCode !== 0) throw createFailure(result.stderr, engine)
  } finally {
    stages.end(exitCode === 0)
  }
}

/** Kind writes ` • Title  ...` when a stage begins, and ` ✓ Title` or ` ✗ Title` at its end; other bullets are remarks. */
function stagesOf(progress: Progress): { line(line: string): void; end(isDone: boolean): void } {
  let open: ReturnType<Progress['stage']> | undefined
  const end = (isDone: boolean) => {
    if (isDone) open?.done()
    else open?.failed()
    open = undefined
  }
  return {
    line(line) {
      const [, mark, title = ''] = /^ (•|✓|✗) (.*)$/u.exec(line) ?? []
      if (mark === '•' && title.endsWith('...')) open = progress.stage(`kind: ${plain(title)}`)
      else if (mark === '✓' || mark === '✗') end(mark === '✓')
    },
    end,
  }
}

/** Without kind's pictures, which not every terminal can show. */
function plain(title: string): string {
  return title
    .replaceAll(/[^\p{ASCII}≤]/gu, '')
    .replace(/[\s.]+$/, '')
    .replaceAll(/ {2,}/g, ' ')
}

/** What `kind create cluster` wrote, as an error that says what mends it. */
export function createFailure(stderr: string, { name }: ContainerEngine): WorkshopError {
  // Kind's own stages were shown already, and what kubeadm logged is hundreds of lines.
  const reason = stderr.slice(Math.max(0, stderr.indexOf('ERROR:')))
  if (/failed to pull image/.test(stderr)) return pullFailure(reason, name)
  const said = `:\n${lastLines(reason.split('\n').slice(0, 3).join('\n'))}`
  if (/permission denied while trying to connect|Cannot connect to the Docker daemon/.test(stderr))
    return engineRefusal(name, lastLines(stderr))
  const { what, hint } = CAUSES.find(({ pattern }) => pattern.test(stderr)) ?? UNKNOWN
  return new WorkshopError(`${what}${said}`, hint)
}

/** What kind tried stands in the first line, and what the engine said at the end. */
function pullFailure(reason: string, engine: ContainerEngine['name']): WorkshopError {
  const [first = '', ...rest] = reason.split('\n')
  const said = `:\n${first}\n${lastLines(rest.join('\n'), 1)}`
  const image = NODE_IMAGE.replace(/@.*/, '')
  if (/toomanyrequests|rate limit/i.test(reason))
    return new WorkshopError(
      `Docker Hub gives this address no more images for now${said}`,
      `${engine} login, or try again in an hour`,
    )
  const what = UNREACHABLE.test(reason) ? 'the registry is out of reach' : 'the registry refuses'
  // Podman takes a tag or a digest, and asks which registry is meant.
  const name = engine === 'podman' ? NODE_IMAGE.replace(/^(kindest\/node):[^@]+/, 'docker.io/$1') : NODE_IMAGE
  const hint = `with a network, once: ${engine} pull ${name}\nwithout one, the embedded cluster does: --cluster embedded`
  return new WorkshopError(`${what}, and the node image ${image} is not here yet${said}`, hint)
}

const CAUSES = [
  {
    pattern: /no space left on device/,
    what: 'the disk is full',
    hint: 'make room, as with: docker system prune, or podman system prune',
  },
  {
    pattern: /node\(s\) already exist/,
    what: 'nodes of an earlier start are left',
    hint: 'npm run cluster down kind, and try again',
  },
  {
    // https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files
    pattern: /too many open files|could not find a log line that matches/i,
    what: 'the nodes do not boot',
    hint: 'most often the limits for watched files are too small: sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512',
  },
]

const UNKNOWN = {
  what: 'kind could not make the cluster',
  hint: 'see https://kind.sigs.k8s.io/docs/user/known-issues/ (the kit is made for kind v0.33.0: kind version), or go on without\nkind: --cluster embedded',
}
