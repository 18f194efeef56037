/** Proves that a pod whose volume outgrows its limit is evicted, with the kubelet's words. */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { setKubeletStage } from '#test/helpers/kubelet-stage.ts'
import { main } from '#test/helpers/one-pod.ts'

const stage = setKubeletStage()

describe('an emptyDir with a sizeLimit', () => {
  it('costs the pod its life when it holds more than that on the disk', async () => {
    const volumeMounts = [{ name: 'cache', mountPath: '/cache' }]
    await stage.web.create({
      volumes: [{ name: 'cache', emptyDir: { sizeLimit: '1Mi' } }],
      containers: [{ ...main('app'), volumeMounts }],
    })
    await stage.web.eventually(({ status }) => status.phase === 'Running')
    const mounts = stage.runtime.container('app')!.spec.mounts
    const cache = mounts.find(({ mountPath }) => mountPath === '/cache')!.source
    writeFileSync(join(cache, 'sparse'), '')
    truncateSync(join(cache, 'sparse'), 5_000_000)
    await stage.clock.advance(10_000)
    writeFileSync(join(cache, 'dense'), Buffer.alloc(1_500_000, 1))
    expect(stage.runtime.calls).not.toContain('SIGTERM app')
    const evicted = (async () => stage.web.eventually(({ status }) => status.phase === 'Failed'))()
    // The look before this one may still be on its way.
    const advancing = setInterval(() => void stage.clock.advance(10_000), 50)
    const { status } = await evicted.finally(() => clearInterval(advancing))
    const message = 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". '
    expect(status).toMatchObject({ reason: 'Evicted', message })
    expect(status.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
      message,
    })
    expect(stage.runtime.calls).toContain('SIGTERM app')
    expect(await stage.web.eventTexts((texts) => texts.some((text) => text.includes('Evicted')))).toContain(
      `Warning Evicted ${message}`,
    )
  })
})
