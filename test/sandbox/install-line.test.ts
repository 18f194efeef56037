/** Proves what a learner is told to type to get a tool, on each kind of system. */
import { expect, test } from 'vitest'
import { installLine, type Tool } from '#sandbox/install-line.ts'

const TOOLS: Tool[] = ['kind', 'kubectl', 'docker', 'podman']
const lines = (platform: NodeJS.Platform, arch: NodeJS.Architecture, id: string) =>
  TOOLS.map((tool) => installLine(tool, { platform, arch, id })).join('\n')

test('on Debian and Ubuntu', () => {
  expect(lines('linux', 'x64', 'ID=ubuntu ID_LIKE=debian')).toMatchInlineSnapshot(`
    "curl -fLo kind https://kind.sigs.k8s.io/dl/v0.33.0/kind-linux-amd64
    sudo install -m 755 kind /usr/local/bin/kind
    curl -fLo kubectl https://dl.k8s.io/release/v1.34.11/bin/linux/amd64/kubectl
    sudo install -m 755 kubectl /usr/local/bin/kubectl
    sudo apt-get install docker.io
    sudo apt-get install podman"
  `)
})

test('on Fedora, on an ARM machine', () => {
  expect(lines('linux', 'arm64', 'ID=fedora')).toMatchInlineSnapshot(`
    "curl -fLo kind https://kind.sigs.k8s.io/dl/v0.33.0/kind-linux-arm64
    sudo install -m 755 kind /usr/local/bin/kind
    curl -fLo kubectl https://dl.k8s.io/release/v1.34.11/bin/linux/arm64/kubectl
    sudo install -m 755 kubectl /usr/local/bin/kubectl
    sudo dnf install moby-engine
    sudo dnf install podman"
  `)
})

test('on macOS', () => {
  expect(lines('darwin', 'arm64', '')).toMatchInlineSnapshot(`
    "brew install kind
    brew install kubectl
    brew install --cask docker-desktop
    brew install podman"
  `)
})

test('on any other system', () => {
  expect(lines('win32', 'x64', '')).toMatchInlineSnapshot(`
    "see https://kind.sigs.k8s.io/docs/user/quick-start/#installation
    see https://kubernetes.io/docs/tasks/tools/
    see https://docs.docker.com/engine/install/
    see https://podman.io/docs/installation"
  `)
})
