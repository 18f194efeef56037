/** Proves Jobs with the real kubectl: they complete, fail, run out of time and go. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { JOBS } from '#sandbox/kinds.ts'
import { until } from '#sandbox/until.ts'
import {
  type KubectlTest,
  endedStatus,
  kubectlNeeds,
  runningStatus,
  startKubectlTest,
} from '../../helpers/kubectl.ts'
import { describeWith } from '../../helpers/needs.ts'

let test: KubectlTest

describeWith(kubectlNeeds, 'a Job', () => {
  beforeAll(async () => {
    // The command says what becomes of the pod.
    test = await startKubectlTest((pod) => {
      const [command] = pod.spec.containers[0]!.command ?? []
      return command === 'sleep' ? runningStatus(pod) : endedStatus(pod, command === 'true' ? 0 : 1)
    })
  })
  afterAll(() => test.stop())

  it('completes, and counts each pod once', async () => {
    const namespace = await test.createNamespace('complete')
    const run = (...args: string[]) => test.run(namespace, ...args)
    expect(await run('create', 'job', 'once', '--image=busybox', '--', 'true')).toBe('job.batch/once created')
    expect(await run('wait', '--for=condition=complete', 'job/once', '--timeout=10s')).toContain(
      'condition met',
    )
    expect(await run('get', 'jobs')).toMatchInlineSnapshot(`
      "NAME   STATUS     COMPLETIONS   DURATION   AGE
      once   Complete   1/1           0s         0s"
    `)
    const described = await run('describe', 'job', 'once')
    expect(described).toMatch(/Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed/)
    expect(described).toMatch(/Labels: +batch.kubernetes.io\/controller-uid=/)
    expect(described).toMatch(
      /SuccessfulCreate +0s +job-controller +Created pod: once-\w+\n.*Completed +0s +job-controller +Job completed/,
    )
    const job = await test.client.get(JOBS, { namespace, name: 'once' })
    expect(job.status).toMatchObject({ succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} })
    expect(job.status.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
      ['SuccessCriteriaMet', 'CompletionsReached'],
      ['Complete', 'CompletionsReached'],
    ])
    const [pod] = (await test.client.list(PODS, { namespace })).items
    expect(pod?.metadata.finalizers ?? []).toEqual([])
    await test.write('many.yaml', manifest('many', 'completions: 5, parallelism: 2', 'true'))
    await run('create', '-f', 'many.yaml')
    expect(await run('wait', '--for=condition=complete', 'job/many', '--timeout=10s')).toContain(
      'condition met',
    )
    expect((await test.client.get(JOBS, { namespace, name: 'many' })).status.succeeded).toBe(5)
    expect(await run('delete', 'job', 'many')).toContain('deleted')
    expect(await run('get', 'pods', '-l', 'job-name=many')).toContain('No resources found')
  })

  it('fails when its pods do, and says why', async () => {
    const namespace = await test.createNamespace('fail')
    const run = (...args: string[]) => test.run(namespace, ...args)
    await test.write('bad.yaml', manifest('bad', 'backoffLimit: 0', 'false'))
    await run('create', '-f', 'bad.yaml')
    expect(await run('wait', '--for=condition=failed', 'job/bad', '--timeout=10s')).toContain('condition met')
    expect(await run('describe', 'job', 'bad')).toMatch(
      /Warning +BackoffLimitExceeded +0s +job-controller +Job has reached the specified backoff limit/,
    )
    expect(await run('get', 'job', 'bad', '--no-headers')).toMatch(/^bad +Failed +0\/1/)
  })

  it('waits ten seconds before it tries again', async () => {
    const namespace = await test.createNamespace('again')
    await test.write('again.yaml', manifest('again', 'backoffLimit: 3', 'false'))
    await test.run(namespace, 'create', '-f', 'again.yaml')
    const failed = async () => (await test.client.find(JOBS, { namespace, name: 'again' }))?.status.failed
    expect(await until(failed, { timeoutMs: 5_000 })).toBe(1)
    expect((await test.client.list(PODS, { namespace })).items).toHaveLength(1)
  })

  it('ends at its deadline, and takes its pods along', async () => {
    const namespace = await test.createNamespace('late')
    const run = (...args: string[]) => test.run(namespace, ...args)
    await test.write('late.yaml', manifest('late', 'activeDeadlineSeconds: 1', 'sleep'))
    await run('create', '-f', 'late.yaml')
    expect(await run('wait', '--for=condition=failed', 'job/late', '--timeout=10s')).toContain(
      'condition met',
    )
    const job = await test.client.get(JOBS, { namespace, name: 'late' })
    expect(job.status.conditions?.at(-1)).toMatchObject({
      type: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    })
    expect((await test.client.list(PODS, { namespace })).items).toEqual([])
  })

  it('goes with its pods when its time after the end is up', async () => {
    const namespace = await test.createNamespace('expire')
    await test.write('expire.yaml', manifest('expire', 'ttlSecondsAfterFinished: 1', 'true'))
    await test.run(namespace, 'create', '-f', 'expire.yaml')
    const isGone = async () => {
      const pods = await test.client.list(PODS, { namespace })
      return !(await test.client.find(JOBS, { namespace, name: 'expire' })) && pods.items.length === 0
    }
    expect(await until(isGone, { timeoutMs: 10_000 })).toBe(true)
  })

  it('of a pod that restarts for ever is refused, and what is not served too', async () => {
    await test.write('always.yaml', manifest('x', '', 'true').replace('Never', 'Always'))
    expect(await test.run('default', 'create', '-f', 'always.yaml')).toContain(
      'The Job "x" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    )
    await test.write('indexed.yaml', manifest('x', 'completionMode: Indexed, completions: 2', 'true'))
    expect(await test.run('default', 'create', '-f', 'indexed.yaml')).toContain(
      'spec.completionMode: Unsupported value: "Indexed": supported values: "NonIndexed"',
    )
  })
})

function manifest(name: string, fields: string, command: string): string {
  return `
apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec: { ${fields ? `${fields}, ` : ''}template: { spec: { restartPolicy: Never, containers: [{ name: app, image: busybox, command: [${JSON.stringify(command)}] }] } } }
`
}
