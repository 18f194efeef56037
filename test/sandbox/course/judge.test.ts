/** Proves that a check answers done, not yet or broken, and which throw is whose fault. */
import { describe, expect, test } from 'vitest'
import { KubernetesClient } from '#sandbox/client.ts'
import { done, notYet } from '#sandbox/course/check.ts'
import { judge } from '#sandbox/course/judge.ts'
import { WorkshopError } from '#sandbox/errors.ts'

const unreachable = {
  client: new KubernetesClient(() =>
    Promise.reject(new WorkshopError('nobody answers', 'npm run cluster up')),
  ),
  connection: { server: 'https://127.0.0.1:1', namespace: 'default' },
}
const options = { cluster: unreachable, namespace: 'lesson-1' }

describe('judging a step', () => {
  test('passes on what the check answers', async () => {
    expect(await judge(async () => done('logs', 'GET /'), options)).toEqual(done('logs', 'GET /'))
    expect(await judge(async () => notYet('no pod'), options)).toEqual(notYet('no pod'))
  })

  test('gives every run a nonce of its own that fits a URL and a log line', async () => {
    const nonces = new Set<string>()
    const check = async ({ nonce }: { nonce: string }) => done('nonce', (nonces.add(nonce), nonce))
    for (let run = 0; run < 20; run++) await judge(check, options)
    expect(nonces.size).toBe(20)
    for (const nonce of nonces) expect(nonce).toMatch(/^[a-z0-9]{8,}$/)
  })

  test('calls a cluster that does not answer a broken check, and says what to type', async () => {
    const outcome = await judge(async (lab) => notYet(`${(await lab.pods()).length} pods`), options)
    expect(outcome).toEqual({ verdict: 'broken', because: 'nobody answers', hint: 'npm run cluster up' })
  })

  test('calls a check that throws broken, and not the learner’s fault', async () => {
    const outcome = await judge(() => Promise.reject(new TypeError('x is undefined')), options)
    expect(outcome).toMatchObject({ verdict: 'broken', because: 'x is undefined' })
  })

  test('calls a check that never answers broken at the deadline', async () => {
    const outcome = await judge(() => new Promise<never>(() => {}), { ...options, timeoutMs: 30 })
    expect(outcome).toMatchObject({
      verdict: 'broken',
      because: 'the check had no answer after 0.03 seconds',
    })
  })

  test('throws the caller’s own abort, so that an interrupted check is no verdict', async () => {
    const controller = new AbortController()
    const judging = judge(() => new Promise<never>(() => {}), { ...options, signal: controller.signal })
    controller.abort(new Error('the learner saved a file'))
    await expect(judging).rejects.toThrow('the learner saved a file')
  })

  test('starts no check after an abort, whose failure nobody would hear', async () => {
    let runs = 0
    const check = async () => Promise.reject(new Error(`run ${++runs}`))
    const signal = AbortSignal.abort(new Error('the learner has left'))
    await expect(judge(check, { ...options, signal })).rejects.toThrow('the learner has left')
    expect(runs).toBe(0)
  })
})
