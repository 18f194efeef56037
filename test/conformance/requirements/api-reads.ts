/** What reading promises: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
import { expect } from 'vitest'
import { CONFIG_MAPS, PODS, collectionPath, lines } from '#sandbox/client.ts'
import type { ConfigMap, Status, WatchEvent } from '#sandbox/objects.ts'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, isReady, shell, type Stage } from '../stage.ts'

const PAGE = 'reference/using-api/api-concepts/'

interface Page {
  metadata: { continue?: string; remainingItemCount?: number; resourceVersion: string }
  items: ConfigMap[]
}

async function createThree({ create }: Stage) {
  for (const name of ['one', 'two', 'three']) {
    await create(
      CONFIG_MAPS,
      name,
      { data: {} },
      { labels: { app: name, tier: name === 'three' ? 'back' : 'front' } },
    )
  }
}

/** Two pages of two, with something done between them. */
async function readPages(
  { client, namespace }: Stage,
  between: () => Promise<unknown>,
): Promise<[Page, Page]> {
  const path = `${collectionPath(CONFIG_MAPS, namespace)}?limit=2&labelSelector=tier`
  const first = await client.json<Page>('GET', path)
  await between()
  const token = encodeURIComponent(first.metadata.continue ?? '')
  return [first, await client.json<Page>('GET', `${path}&continue=${token}`)]
}

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A watch tells every change after a resourceVersion, in order',
    follows: PAGE,
    async check({ client, namespace, create }) {
      const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace })
      const labels = { mine: 'yes' }
      await create(CONFIG_MAPS, 'one', { data: { a: '1' } }, { labels })
      await client.patch(CONFIG_MAPS, { namespace, name: 'one' }, { data: { a: '2' } })
      await client.delete(CONFIG_MAPS, { namespace, name: 'one' })
      const seen: string[] = []
      for await (const { type, object } of client.watch(CONFIG_MAPS, {
        namespace,
        resourceVersion,
        labelSelector: 'mine=yes',
      })) {
        seen.push(`${type} ${String((object.data as Record<string, string>).a)}`)
        if (type === 'DELETED') break
      }
      expect(seen).toEqual(['ADDED 1', 'MODIFIED 2', 'DELETED 2'])
    },
  },
  {
    title: 'A streaming list ends its first objects with a bookmark that says so',
    follows: 'KEP-3157',
    async check(stage) {
      await createThree(stage)
      const query =
        'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=10&labelSelector=tier'
      const response = await stage.client.raw(
        'GET',
        `${collectionPath(CONFIG_MAPS, stage.namespace)}?${query}`,
      )
      const events: WatchEvent[] = []
      for await (const line of lines(response)) {
        events.push(JSON.parse(line) as WatchEvent)
        if (events.at(-1)!.type === 'BOOKMARK') break
      }
      expect(events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'BOOKMARK'])
      expect(events[3]!.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    },
  },
  {
    title: 'A watch from a resourceVersion that is forgotten is 410 Gone',
    follows: PAGE,
    async check({ client, create, namespace }) {
      const ref = { namespace, name: 'restless' }
      await create(CONFIG_MAPS, ref.name, { data: {} })
      const first = async () => {
        for await (const event of client.watch(CONFIG_MAPS, { namespace, resourceVersion: '1' }))
          return event.type
        return 'nothing'
      }
      const refusal = () =>
        first().then(
          () => undefined,
          (error: unknown) => error,
        )
      // A cluster that is young remembers all: give it something to forget.
      let error = await refusal()
      for (let round = 0; !error && round < 30; round += 1) {
        const change = (_: unknown, index: number) =>
          client.patch(CONFIG_MAPS, ref, { data: { a: `${round}.${index}` } })
        await Promise.all(Array.from({ length: 100 }, change))
        error = await refusal()
      }
      expect(error).toMatchObject({ status: { code: 410, reason: 'Expired' } })
    },
  },
  {
    title: 'A list with a limit comes in pages, each with the token of the next',
    follows: PAGE,
    async check(stage) {
      await createThree(stage)
      const [first, second] = await readPages(stage, async () => {})
      expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['one', 'three'])
      expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['two'])
      expect(second.metadata).not.toHaveProperty('continue')
    },
  },
  {
    title: 'All pages of a list show the moment of the first',
    follows: PAGE,
    async check(stage) {
      await createThree(stage)
      const late = { labels: { tier: 'front' } }
      const [first, second] = await readPages(stage, () =>
        stage.create(CONFIG_MAPS, 'zero', { data: {} }, late),
      )
      expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['two'])
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    },
  },
  {
    title: 'Labels are selected by equality and by sets',
    follows: 'concepts/overview/working-with-objects/labels/',
    async check(stage) {
      await createThree(stage)
      const select = async (labelSelector: string) => {
        const { items } = await stage.client.list(CONFIG_MAPS, { namespace: stage.namespace, labelSelector })
        return items.map(({ metadata }) => metadata.name).join()
      }
      expect(await select('tier=front')).toBe('one,two')
      expect(await select('tier,app notin (one)')).toBe('three,two')
      expect(await select('tier in (front,back),app!=two')).toBe('one,three')
      expect(await select('tier=front,!app')).toBe('')
    },
  },
  {
    title: 'Pods are selected by fields, and a field that is not one is refused',
    follows: 'concepts/overview/working-with-objects/field-selectors/',
    async check({ createPod, untilPod, client, namespace }) {
      await createPod('web', { containers: [shell('app', UNTIL_TOLD)] })
      await untilPod('web', isReady)
      const list = (fieldSelector: string) => client.list(PODS, { namespace, fieldSelector })
      expect((await list('metadata.name=web,status.phase=Running')).items).toHaveLength(1)
      expect((await list('spec.nodeName=,status.phase!=Pending')).items).toHaveLength(0)
      await expect(list('spec.color=blue')).rejects.toMatchObject({
        status: { code: 400, reason: 'BadRequest' },
      })
    },
  },
  {
    title: 'What is not served is a Status: 404 for a kind and an object, 405 for a verb',
    follows: PAGE,
    async check({ client, namespace, kubectl }) {
      const ask = async (method: string, path: string) => {
        const response = await client.send(method, path, { headers: { accept: 'application/json' } })
        return [response.status, await response.text()] as const
      }
      const [code, text] = await ask('GET', `/api/v1/namespaces/${namespace}/configmaps/none`)
      expect([code, (JSON.parse(text) as Status).message]).toEqual([404, 'configmaps "none" not found'])
      expect((await ask('GET', '/apis/conformance.example/v1/things'))[0]).toBe(404)
      const [refused, reason] = await ask('DELETE', `/api/v1/nodes/none/status`)
      expect([refused, (JSON.parse(reason) as Status).reason]).toEqual([405, 'MethodNotAllowed'])
      expect(await kubectl(['get', 'things'])).toBe(
        'error: the server doesn\'t have a resource type "things"',
      )
    },
  },
]
