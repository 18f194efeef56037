/** Proves that progress is kept, and that a damaged file never costs it silently. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { progressPath, readProgress, updateProgress } from '#sandbox/course/progress.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const NOON = Date.UTC(2026, 10, 22, 12)

beforeEach(() => {
  vi.stubEnv('XDG_STATE_HOME', temporaryFolder())
  return () => vi.unstubAllEnvs()
})

describe('progress', () => {
  test('is empty before the first lesson', () => {
    expect(readProgress(NOON)).toEqual({ progress: { version: 1, lessons: {} } })
  })

  test('keeps every lesson apart, and remembers which was the latest', () => {
    updateProgress('01-a', NOON, (own) => (own.current = 'x'))
    updateProgress('02-b', NOON, (own) => (own.steps.y = { seconds: 3 }))
    expect(readProgress(NOON).progress).toEqual({
      version: 1,
      latest: '02-b',
      lessons: { '01-a': { current: 'x', steps: {} }, '02-b': { steps: { y: { seconds: 3 } } } },
    })
    expect(readdirSync(dirname(progressPath()))).toEqual(['progress.json'])
  })

  test.for(['', '{"version":1', 'null', '{"version":2,"lessons":{}}', '{"version":1,"lessons":{"a":null}}'])(
    'that reads %j is kept aside and said',
    (text) => {
      mkdirSync(dirname(progressPath()), { recursive: true })
      writeFileSync(progressPath(), text)
      const { progress, setAside } = readProgress(NOON)
      expect(progress.lessons).toEqual({})
      expect(setAside).toBe(`${progressPath()}.2026-11-22T12-00-00`)
      expect(readFileSync(setAside!, 'utf8')).toBe(text)
    },
  )

  test('that can’t be written says where and what to do', () => {
    vi.stubEnv('XDG_STATE_HOME', join(temporaryFolder({ file: '' }), 'file'))
    expect(() => updateProgress('01-a', NOON, () => {})).toThrow(/can't use .*progress.json: ENOTDIR/)
  })
})
