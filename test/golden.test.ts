/** Proves that kubectl says what it says on Kubernetes 1.33, word by word, for the kinds of pods that its pages show. */
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { until } from '#sandbox/until.ts'
import { startTestCluster } from './helpers/embedded-cluster.ts'
import { isolation } from './helpers/in-node-namespace.ts'
import { findKubectls } from './helpers/kubectl-versions.ts'
import { describeWith } from './helpers/needs.ts'

const kubectl33 = findKubectls().find(({ minor }) => minor === 33)
const needs = {
  name: 'kubectl 1.33',
  present: kubectl33 !== undefined,
  install: 'see https://kubernetes.io/docs/tasks/tools/',
}
const golden = (name: string) => fileURLToPath(new URL(`fixtures/golden/${name}`, import.meta.url))

/** What must differ from run to run, and what stands for it. The widths of columns go with it. */
const VARYING: [RegExp, string][] = [
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UID'],
  [/\b\w+:\/\/[0-9a-f]{64}\b/g, 'CONTAINER'],
  [/(?<=Image ID: +)\S.*/g, 'IMAGE'],
  [/\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME'],
  [/\b10\.\d+\.\d+\.\d+\b/g, 'ADDRESS'],
  [/\b(with-sidecar)-[a-z0-9]{8,10}-[a-z0-9]{5}\b/g, '$1-HASH-SUFFIX'],
  [/\b(with-sidecar)-[a-z0-9]{8,10}\b/g, '$1-HASH'],
  [/pod-template-hash=[a-z0-9]+/g, 'pod-template-hash=HASH'],
  [/\b(job-with-sidecar)-[a-z0-9]{5}\b/g, '$1-SUFFIX'],
  [/\bkube-api-access-[a-z0-9]{5}\b/g, 'kube-api-access-SUFFIX'],
  // Not the figures of probes (`period=10s`) and of tolerations (`for 300s`), which the manifest or Kubernetes gives.
  [/(?<![=\d]|for )\b(\d+m)?\d+s\b/g, 'AGE'],
  [/(?<=\S)  +/g, '  '],
  [/-{4,}/g, '----'],
  [/ +$/gm, ''],
]

/** The name of the file, and what kubectl is told. */
const VIEWS: [string, string[]][] = [
  ['get', ['get', 'pods,deployments,replicasets,jobs']],
  ['get-wide', ['get', 'pods,deployments,replicasets,jobs', '-o', 'wide']],
  ...['two-containers', 'init-demo', 'probes', 'adapter', 'ambassador'].map((name): [string, string[]] => [
    `describe-pod-${name}`,
    ['describe', 'pod', name],
  ]),
  ['describe-deployment', ['describe', 'deployment', 'with-sidecar']],
  ['describe-deployment-pod', ['describe', 'pod', '-l', 'app=with-sidecar']],
  ['describe-job', ['describe', 'job', 'job-with-sidecar']],
  ['describe-job-pod', ['describe', 'pod', '-l', 'job-name=job-with-sidecar']],
  ['events-init-demo', ['events', '--for', 'pod/init-demo']],
  ['rollout-status', ['rollout', 'status', 'deployment/with-sidecar']],
  ['rollout-history', ['rollout', 'history', 'deployment/with-sidecar']],
  ['rollout-history-revision', ['rollout', 'history', 'deployment/with-sidecar', '--revision=1']],
  ['explain-grace-period', ['explain', 'pod.spec.terminationGracePeriodSeconds']],
  ['explain-ttl', ['explain', 'job.spec.ttlSecondsAfterFinished']],
]

let kubeconfig: string

describeWith([isolation, needs], 'kubectl 1.33 on the embedded cluster', () => {
  beforeAll(async () => {
    ;({ kubeconfig } = await startTestCluster())
    await kubectl('apply', '-f', golden('manifests.yaml'))
    await kubectl('wait', '--for=condition=Complete', 'job/job-with-sidecar', '--timeout=40s')
    await kubectl('rollout', 'status', 'deployment/with-sidecar')
    const names = ['two-containers', 'init-demo', 'adapter', 'ambassador'].map((name) => `pod/${name}`)
    await kubectl('wait', '--for=condition=Ready', '--timeout=40s', ...names)
    const isTold = async () => (await kubectl('events')).includes('Readiness probe failed')
    if (!(await until(isTold, { timeoutMs: 20_000 })))
      throw new Error('the readiness probe was never told of')
  })

  it.each(VIEWS)('shows %s as Kubernetes does', async (name, args) => {
    const shown = await kubectl(...args)
    const masked = VARYING.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), shown)
    // `kubectl events` shows what happened in one second in any order.
    const text = args[0] === 'events' ? masked.split('\n').sort().join('\n') : masked
    await expect(`${text}\n`).toMatchFileSnapshot(golden(`${name}.txt`))
  })
})

async function kubectl(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(kubectl33!.path, args, {
    env: { KUBECONFIG: kubeconfig },
  })
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return [stdout, stderr].filter(Boolean).join('\n')
}
