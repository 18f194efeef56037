/** Proves that a lock has one holder, and dies with it. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tryLock } from '#sandbox/lock.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

describe('a lock', () => {
  it('has one holder, who is named', () => {
    const path = join(temporaryFolder(), 'lock')
    const first = tryLock(path)
    expect(first).toHaveProperty('release')
    expect(tryLock(path)).toMatchObject({ heldBy: { pid: process.pid } })
  })

  it('can be taken again after its release', () => {
    const path = join(temporaryFolder(), 'lock')
    const first = tryLock(path)
    if ('release' in first) first.release()
    expect(tryLock(path)).toHaveProperty('release')
  })

  it('of a process that has ended is taken over', () => {
    const path = join(temporaryFolder(), 'lock')
    const { pid } = spawnSync('true')
    writeFileSync(path, JSON.stringify({ pid, startTicks: '1' }))
    expect(tryLock(path)).toHaveProperty('release')
  })

  it('of a former process with the number of a living one is taken over', () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, JSON.stringify({ pid: process.pid, startTicks: '1' }))
    expect(tryLock(path)).toHaveProperty('release')
  })

  it('that was half written by a crash is taken over', () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, '{"pid":')
    expect(tryLock(path)).toHaveProperty('release')
  })
})
