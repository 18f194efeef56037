/** Proves which container a log is of, and how kubectl's flags arrive at the node. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { LogOptions } from '#sandbox/api/node.ts'
import { ApiError, PODS } from '#sandbox/client.ts'
import { createManualClock } from '../../../helpers/manual-clock.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const PATH = '/api/v1/namespaces/default/pods/web/log'
const image = 'busybox:1.36'

let test: TestApi
let asked: LogOptions[]
beforeEach(async () => {
  asked = []
  test = await createTestApi({
    clock: createManualClock(1_000_000),
    node: {
      logs(_pod, options) {
        asked.push(options)
        if (options.container === 'waiting') {
          const message = 'container "waiting" in pod "web" is waiting to start: ContainerCreating'
          return Promise.reject(
            new ApiError({
              kind: 'Status',
              apiVersion: 'v1',
              metadata: {},
              status: 'Failure',
              code: 400,
              reason: 'BadRequest',
              message,
            }),
          )
        }
        return Promise.resolve(new Response('a line\n').body!)
      },
    },
  })
})

describe('a log', () => {
  it('passes every flag on', async () => {
    await createPod(['app'])
    const query = 'follow=true&previous=true&timestamps=true&tailLines=0&limitBytes=10&sinceSeconds=60'
    const response = await test.api.handle(new Request(`http://cluster${PATH}?${query}`))
    expect(await response.text()).toBe('a line\n')
    expect(response.headers.get('content-type')).toBe('text/plain')
    expect(asked[0]).toMatchObject({
      container: 'app',
      follow: true,
      previous: true,
      timestamps: true,
      tailLines: 0,
      limitBytes: 10,
      sinceMs: 940_000,
    })
  })

  it('is of the default container where one is named', async () => {
    await createPod(['app', 'log'], { 'kubectl.kubernetes.io/default-container': 'log' })
    await test.api.handle(new Request(`http://cluster${PATH}`))
    expect(asked[0]?.container).toBe('log')
  })

  it('of several containers is refused, as Kubernetes words it', async () => {
    await createPod(['app', 'waiting'])
    expect((await test.call('GET', PATH)).body.message).toBe(
      'a container name must be specified for pod web, choose one of: [app waiting]',
    )
    expect((await test.call('GET', `${PATH}?container=none`)).body.message).toBe(
      'container none is not valid for pod web',
    )
    expect((await test.call('GET', `${PATH}?container=waiting`)).body).toMatchObject({
      code: 400,
      message: 'container "waiting" in pod "web" is waiting to start: ContainerCreating',
    })
    const { code, body } = await test.call('GET', `${PATH}?container=app&tailLines=-1`)
    expect([code, body.message]).toEqual([
      422,
      'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ])
  })

  it('of a pod without a node is empty', async () => {
    await test.client.create(PODS, podManifest('web'))
    expect(await test.client.logs({ namespace: 'default', name: 'web' })).toBe('')
  })
})

async function createPod(names: string[], annotations: Record<string, string> = {}): Promise<void> {
  await test.client.create(PODS, {
    ...podManifest('web', { nodeName: 'sidecar-node', containers: names.map((name) => ({ name, image })) }),
    metadata: { name: 'web', namespace: 'default', annotations },
  })
}
