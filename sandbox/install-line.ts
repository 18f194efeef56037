/** What to type to get somebody else's tool on this system. */
import { readFileSync } from 'node:fs'

/** The tools that the kit may ask for. */
export type Tool = 'kind' | 'kubectl' | 'docker' | 'podman'

/** A system as far as installing goes. `id` is the ID of /etc/os-release with what it is like. */
export interface System {
  platform: NodeJS.Platform
  arch: NodeJS.Architecture
  id: string
}

/** The versions that the kit is tried with. */
const KIND_VERSION = 'v0.33.0'
const KUBECTL_VERSION = 'v1.34.11'

/** One or more lines for a shell, or the page that has them. */
export function installLine(tool: Tool, system = thisSystem()): string {
  const { platform, arch, id } = system
  if (platform === 'darwin') return `brew install ${BREW[tool]}`
  if (platform !== 'linux') return `see ${PAGES[tool]}`
  if (tool === 'kind' || tool === 'kubectl') return download(tool, arch === 'arm64' ? 'arm64' : 'amd64')
  if (/debian|ubuntu/.test(id)) return `sudo apt-get install ${tool === 'docker' ? 'docker.io' : tool}`
  if (/fedora/.test(id)) return `sudo dnf install ${tool === 'docker' ? 'moby-engine' : tool}`
  return `see ${PAGES[tool]}`
}

/** Distributions carry other versions, or none: the projects' own binaries run on each of them. */
function download(tool: 'kind' | 'kubectl', arch: string): string {
  const url =
    tool === 'kind'
      ? `https://kind.sigs.k8s.io/dl/${KIND_VERSION}/kind-linux-${arch}`
      : `https://dl.k8s.io/release/${KUBECTL_VERSION}/bin/linux/${arch}/kubectl`
  return `curl -fLo ${tool} ${url}\nsudo install -m 755 ${tool} /usr/local/bin/${tool}`
}

function thisSystem(): System {
  return { platform: process.platform, arch: process.arch, id: readOsId() }
}

function readOsId(): string {
  try {
    return [...readFileSync('/etc/os-release', 'utf8').matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].join(' ')
  } catch {
    return ''
  }
}

const BREW: Record<Tool, string> = {
  kind: 'kind',
  kubectl: 'kubectl',
  docker: '--cask docker-desktop',
  podman: 'podman',
}

const PAGES: Record<Tool, string> = {
  kind: 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  kubectl: 'https://kubernetes.io/docs/tasks/tools/',
  docker: 'https://docs.docker.com/engine/install/',
  podman: 'https://podman.io/docs/installation',
}
