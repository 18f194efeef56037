/** Proves revisions, watches and the database behind a store. */
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { KubeObject } from '#sandbox/objects.ts'
import { type Change, HistoryGone, createStore } from '#sandbox/store.ts'
import { temporaryFolder } from '../helpers/temp-folder.ts'

describe('a store', () => {
  it('gives every change the next revision, over all resources', () => {
    const store = createStore()
    const first = store.put('pods', object('a'))
    const second = store.put('configmaps', object('a'))
    expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1)
    expect(store.revision()).toBe(Number(second.metadata.resourceVersion))
  })

  it('lists by namespace, then by name', () => {
    const store = createStore()
    for (const [namespace, name] of [
      ['b', 'x'],
      ['a', 'z'],
      ['a', 'y'],
    ] as const) {
      store.put('pods', object(name, namespace))
    }
    const names = (namespace?: string) =>
      store.list('pods', namespace).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    expect(names()).toEqual(['a/y', 'a/z', 'b/x'])
    expect(names('a')).toEqual(['a/y', 'a/z'])
    expect(names('c')).toEqual([])
  })

  it('tells a watch what came after its revision, then what comes', () => {
    const store = createStore()
    const first = store.put('pods', object('a'))
    store.put('pods', object('b'))
    const seen: Change[] = []
    const stop = store.watch('pods', Number(first.metadata.resourceVersion), (change) => seen.push(change))
    store.put('pods', { ...first, spec: { changed: true } })
    store.remove('pods', first)
    stop()
    store.put('pods', object('c'))
    expect(seen.map(({ type, object: { metadata } }) => `${type} ${metadata.name}`)).toEqual([
      'ADDED b',
      'MODIFIED a',
      'DELETED a',
    ])
    expect(seen[1]!.previous).toBe(first)
    expect(seen[2]!.object.metadata.resourceVersion).toBe(String(seen[2]!.revision))
  })

  it('refuses a watch that begins before what it remembers', () => {
    const store = createStore({ historySize: 10 })
    for (let at = 0; at < 30; at += 1) store.put('pods', object('a'))
    expect(() => store.watch('pods', 2, () => {})).toThrow(HistoryGone)
    let count = 0
    store.watch('pods', store.revision() - 5, () => (count += 1))
    expect(count).toBe(5)
  })
})

describe('a store with a file', () => {
  it('has its objects and its revision back after it was opened again', () => {
    const file = join(temporaryFolder(), 'objects.sqlite')
    const before = createStore({ file })
    const kept = before.put('pods', object('kept'))
    before.remove('pods', before.put('pods', object('removed')))
    before.close()
    const after = createStore({ file })
    onTestFinished(() => after.close())
    expect(after.list('pods')).toEqual([kept])
    expect(after.revision()).toBe(Number(kept.metadata.resourceVersion) + 2)
    expect(() => after.watch('pods', after.revision() - 1, () => {})).toThrow(HistoryGone)
    after.watch('pods', after.revision(), () => {})
  })

  it('keeps what was written when nobody closed it', () => {
    const file = join(temporaryFolder(), 'objects.sqlite')
    const before = createStore({ file })
    before.put('pods', object('kept'))
    const after = createStore({ file })
    onTestFinished(() => (after.close(), before.close()))
    expect(after.get('pods', 'default', 'kept')).toBeDefined()
  })
})

function object(name: string, namespace = 'default'): KubeObject {
  const metadata = { name, namespace, uid: name, resourceVersion: '', creationTimestamp: '' }
  return { apiVersion: 'v1', kind: 'Pod', metadata }
}
