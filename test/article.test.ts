/** Proves that the article's own three manifests run unchanged, for root and for a user, and log what they should. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { until } from '#sandbox/until.ts'
import { processesWith } from '#test/helpers/embedded-cluster.ts'
import { asNobody, isolation, runners, type Runner } from '#test/helpers/in-node-namespace.ts'
import { binary, describeWith } from '#test/helpers/needs.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const ARTICLE = fileURLToPath(new URL('fixtures/article/', import.meta.url))
const KUBECTL = binary('kubectl', 'https://kubernetes.io/docs/tasks/tools/')

describeWith([KUBECTL, isolation], 'the manifests of the article', () => {
  describe.each(runners)('on a cluster of %s', (runner) => {
    const folder = mkdtempSync(join(tmpdir(), 'sidecar-workshop-article-'))
    const home = join(folder, 'work')

    beforeAll(async () => {
      mkdirSync(home)
      await workshop(runner, folder, 'cluster', 'up')
      for (const namespace of ['collection', 'forwarding', 'interception']) {
        await kubectl(home, 'create', '-f', '-', { input: namespaceText(namespace) })
      }
    })

    afterAll(async () => {
      await workshop(runner, folder, 'cluster', 'down')
      const left = processesWith(folder)
      if (left.length > 0) throw new Error(`the cluster left processes behind: ${left.join(', ')}`)
      rmSync(folder, { recursive: true })
    })

    it.concurrent('collect: the sidecar prints the number in nginx’s pid file', async () => {
      await kubectl(home, '-n', 'collection', 'create', '-f', join(ARTICLE, 'log-collection.yaml'))
      const lines = await logs(home, 'collection', 'webserver', 'sidecar-container', (line) =>
        /^\d+$/.test(line),
      )
      const pid = await kubectl(
        home,
        '-n',
        'collection',
        'exec',
        'webserver',
        '-c',
        'nginx',
        '--',
        'cat',
        PID_FILE,
      )
      expect(lines).toContain(pid)
    })

    it.concurrent('forward: client and server speak over localhost', async () => {
      await kubectl(home, '-n', 'forwarding', 'create', '-f', join(ARTICLE, 'request-forwarding.yaml'))
      const bodies = await logs(home, 'forwarding', 'webserver', 'input-sidecar', (line) => line === 'Hello')
      const requests = await logs(home, 'forwarding', 'webserver', 'input-server', () => true)
      expect(new Set(bodies)).toEqual(new Set(['Hello']))
      expect(requests).toEqual(requests.map(() => 'receive a request!'))
    })

    it.concurrent('intercept: the workload prints the sidecar’s response as Akka would', async () => {
      await kubectl(home, '-n', 'interception', 'create', '-f', join(ARTICLE, 'request-interception.yaml'))
      const answered = (line: string) => AKKA_RESPONSE.test(line)
      const responses = await logs(home, 'interception', 'output', 'output-workload', answered)
      expect(responses.some(answered)).toBe(true)
      const requests = await logs(home, 'interception', 'output', 'sidecar-output', () => true)
      expect(requests).toContain('receive a request')
    })
  })
})

const PID_FILE = '/opt/sh/openresty/nginx/logs/nginx.pid'

/** The form that FACTS.md quotes, with any date. */
const AKKA_RESPONSE =
  /^HttpResponse\(200 OK,List\(Server: akka-http\/10\.2\.9, Date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT\),HttpEntity\.Strict\(text\/html; charset=UTF-8,31 bytes total\),HttpProtocol\(HTTP\/1\.1\)\)$/

function namespaceText(name: string): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
}

/** Runs one of our commands as that user, who owns no more than the folder `work` in `folder`. */
async function workshop(runner: Runner, folder: string, ...args: string[]): Promise<void> {
  const home = join(folder, 'work')
  const command = (node: string, root: string) => [node, join(root, 'scripts/workshop.mjs'), ...args]
  const isOther = runner === 'user' && process.getuid?.() === 0
  const [file, ...rest] = isOther ? asNobody(folder, command) : command(process.execPath, ROOT)
  const env = { HOME: home, XDG_STATE_HOME: join(home, 'state'), XDG_CACHE_HOME: join(home, 'cache') }
  const { exitCode, stderr } = await runCommand(file!, rest, { env })
  if (exitCode !== 0) throw new Error(`workshop ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
}

async function kubectl(home: string, ...words: (string | { input: string })[]): Promise<string> {
  const args = words.filter((word) => typeof word === 'string')
  const { input } = words.find((word) => typeof word !== 'string') ?? {}
  const env = { HOME: home, KUBECONFIG: join(home, 'state/sidecar-workshop/clusters/embedded/kubeconfig') }
  const { exitCode, stdout, stderr } = await runCommand('kubectl', args, { env, input })
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
  return stdout
}

/** The container's lines, over its restarts, once one of them satisfies `isWanted`; the article waits up to 30 s. */
async function logs(
  home: string,
  namespace: string,
  pod: string,
  container: string,
  isWanted: (line: string) => boolean,
): Promise<string[]> {
  const read = async () => {
    const text = await kubectl(home, '-n', namespace, 'logs', pod, '-c', container).catch(() => '')
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.some(isWanted) ? lines : undefined
  }
  const lines = await until(read, { timeoutMs: 50_000, intervalMs: 250 })
  if (!lines) throw new Error(`${namespace}: no line as expected in the log of ${container}`)
  return lines
}
