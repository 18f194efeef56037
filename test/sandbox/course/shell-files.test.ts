/** Proves that a shell opened before the cluster came back finds it at its new address. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findLesson } from '#sandbox/course/lesson.ts'
import { prepareShell, refreshShell } from '#sandbox/course/shell-files.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const config = (port: number) => `contexts: [{ name: one, context: { cluster: one, user: one } }]
clusters: [{ name: one, cluster: { server: 'https://127.0.0.1:${port}' } }]
`

test('an open shell’s kubeconfig follows the cluster, and none is made where no shell was opened', async () => {
  const folder = temporaryFolder({ before: config(1111), after: config(2222) })
  process.env.XDG_STATE_HOME = folder
  const lesson = await findLesson('1')
  await refreshShell(lesson, join(folder, 'before'))
  expect(existsSync(join(folder, 'sidecar-workshop'))).toBe(false)
  const { env } = await prepareShell(lesson, '/bin/sh', join(folder, 'before'))
  await refreshShell(lesson, join(folder, 'after'))
  const text = readFileSync(env.KUBECONFIG!, 'utf8')
  expect(text).toContain('https://127.0.0.1:2222')
  expect(text).toContain('namespace: lesson-1')
})
