/** Proves on a real cluster what a check says of a pod that is not there to be judged yet. */
import { beforeAll, describe, expect, test } from 'vitest'
import { done, type Verdict } from '#sandbox/course/check.ts'
import { Deployer } from '#sandbox/course/deploy.ts'
import { createLab } from '#sandbox/course/lab.ts'
import { onPod } from '#sandbox/course/subject.ts'
import type { Pod } from '#sandbox/objects.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'

const cluster = await startTestCluster()
const lab = createLab(cluster, 'subject', new AbortController().signal)

const pod = (name: string, command: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  initContainers:
    - { name: first, image: busybox, command: [sh, -c, "${command}"] }
  containers:
    - { name: app, image: busybox, command: [sleep, "600"] }
`

/** What a check of the pod with this name answers, which itself is content with everything. */
function judge(name: string): Promise<Verdict> {
  const subject = { what: `the name ${name}`, is: ({ metadata }: Pod) => metadata.name === name }
  return onPod(subject, async () => done('test', 'judged'))(lab)
}

beforeAll(async () => {
  const files = { 'quick.yaml': pod('quick', 'true'), 'slow.yaml': pod('slow', 'echo patience; sleep 600') }
  await new Deployer(cluster.client, 'subject').deploy(new Map(Object.entries(files)))
  await lab.waitForLog('slow', 'first', (lines) => lines.includes('patience'), { timeoutMs: 15_000 })
})

describe.concurrent('onPod', () => {
  test('judges a pod whose containers have all started', async () => {
    expect(await judge('quick')).toMatchObject({ verdict: 'done' })
  })

  test('says of an init container that has no end that it runs, and what it said last', async () => {
    expect(await judge('slow')).toEqual({
      verdict: 'not yet',
      because: 'init container first still runs, and the containers behind it wait for its end',
      evidence: { source: 'logs slow -c first', text: 'patience' },
    })
  })

  test('says that no pod is the one that it looks for', async () => {
    const because = 'none of the pods in namespace subject has the name absent'
    expect(await judge('absent')).toMatchObject({ verdict: 'not yet', because })
  })
})
