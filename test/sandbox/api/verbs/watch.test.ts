/** Proves watches: where they begin, what a selector shows, bookmarks, tables, their end. */
import { describe, expect, it } from 'vitest'
import { ApiError, CONFIG_MAPS, PODS } from '#sandbox/client.ts'
import { lines } from '#sandbox/client.ts'
import { createManualClock } from '../../../helpers/manual-clock.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

interface Line {
  type: string
  object: {
    metadata: { name?: string; resourceVersion: string; annotations?: Record<string, string> }
    rows?: { cells: unknown[] }[]
    columnDefinitions?: unknown[]
    code?: number
    reason?: string
  }
}

describe('a watch', () => {
  it('goes on from a list without a gap, and ends when it is left', async () => {
    const test = await createTestApi()
    await test.client.create(PODS, podManifest('a'))
    const { resourceVersion } = await test.client.list(PODS)
    await test.client.create(PODS, podManifest('b'))
    const watch = open(test, `pods?resourceVersion=${resourceVersion}`)
    expect(await watch.next()).toBe('ADDED b')
    await test.client.delete(PODS, { namespace: 'default', name: 'a' })
    expect(await watch.next()).toBe('DELETED a')
    watch.leave()
    expect(await watch.next()).toBe('end')
  })

  it('without a resourceVersion begins with all there is', async () => {
    const test = await createTestApi()
    await test.client.create(PODS, podManifest('a'))
    expect(await open(test, 'pods').next()).toBe('ADDED a')
  })

  it('shows an object come and go as it begins and ceases to match', async () => {
    const test = await createTestApi()
    const watch = open(
      test,
      `pods?resourceVersion=${test.store.revision()}&fieldSelector=status.phase%3DRunning`,
    )
    const pod = await test.client.create(PODS, podManifest('a'))
    const at = async (phase: string) => {
      const { metadata } = await test.client.get(PODS, pod.metadata)
      await test.client.replace(PODS, { ...pod, metadata, status: { ...pod.status, phase } }, 'status')
    }
    await at('Running')
    expect(await watch.next()).toBe('ADDED a')
    await at('Succeeded')
    expect(await watch.next()).toBe('DELETED a')
  })

  it('says 410 for a past that is forgotten', async () => {
    const test = await createTestApi({ store: { historySize: 5 } })
    for (let at = 0; at < 20; at += 1) await test.client.create(CONFIG_MAPS, configMap(`c${at}`))
    const watch = open(test, 'configmaps?resourceVersion=6')
    expect(await watch.nextLine()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })
    expect(await watch.next()).toBe('end')
    const reading = test.client.watch(CONFIG_MAPS, { resourceVersion: '6' }).next()
    await expect(reading).rejects.toSatisfy((error) => ApiError.isReason(error, 'Expired'))
  })

  it('marks the end of the initial events when asked to send them', async () => {
    const test = await createTestApi()
    await test.client.create(PODS, podManifest('a'))
    const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const watch = open(test, `pods?${query}`)
    expect(await watch.next()).toBe('ADDED a')
    expect(await watch.nextLine()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    })
  })

  it('sends a bookmark each minute and ends after timeoutSeconds', async () => {
    const clock = createManualClock()
    const test = await createTestApi({ clock })
    const watch = open(
      test,
      `pods?resourceVersion=${test.store.revision()}&allowWatchBookmarks=true&timeoutSeconds=90`,
    )
    await clock.advance(61_000)
    expect((await watch.nextLine())?.type).toBe('BOOKMARK')
    await clock.advance(30_000)
    expect(await watch.next()).toBe('end')
  })

  it('as a table sends the headings once', async () => {
    const test = await createTestApi()
    await test.client.create(PODS, podManifest('a'))
    await test.client.create(PODS, podManifest('b'))
    const watch = open(test, 'pods', TABLE)
    const [first, second] = [await watch.nextLine(), await watch.nextLine()]
    expect(first?.object.columnDefinitions).toHaveLength(9)
    expect(second?.object.columnDefinitions).toEqual([])
    expect(second?.object.rows?.[0]?.cells.slice(0, 3)).toEqual(['b', '0/1', 'Pending'])
  })
})

function configMap(name: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } }
}

function open(test: TestApi, path: string, accept = 'application/json') {
  const aborter = new AbortController()
  const url = new URL(`/api/v1/namespaces/default/${path}`, 'http://cluster')
  url.searchParams.set('watch', 'true')
  const response = test.api.handle(new Request(url, { headers: { accept }, signal: aborter.signal }))
  const reading = response.then((answer) => lines(answer))
  async function nextLine(): Promise<Line | undefined> {
    const { value, done } = await (await reading).next()
    return done ? undefined : (JSON.parse(value) as Line)
  }
  return {
    nextLine,
    leave: () => aborter.abort(),
    async next() {
      const line = await nextLine()
      return line ? `${line.type} ${line.object.metadata.name}` : 'end'
    },
  }
}
