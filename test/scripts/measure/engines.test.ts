/** Proves what a benchmark shows of container engines that are not installed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openEngines, releaseEngines } from '../../../scripts/measure/engines.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engines-test-'))
  vi.stubEnv('PATH', folder)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('a machine without container engines', () => {
  it('gets a row without value that says what to install', async () => {
    const { usable, missing } = await openEngines()
    expect(usable).toEqual([])
    expect(missing.map(({ value, note }) => ({ value, note }))).toEqual([
      { value: undefined, note: 'apt-get install podman busybox-static' },
      { value: undefined, note: 'apt-get install docker.io busybox-static' },
    ])
  })

  it('has nothing to release', async () => {
    await expect(releaseEngines()).resolves.toBeUndefined()
  })
})
