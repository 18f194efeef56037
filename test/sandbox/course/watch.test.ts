/** Proves that a save in the workspace is noticed. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { watchFolder } from '#sandbox/course/watch.ts'
import { until } from '#sandbox/until.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

test('a watched folder tells of saves of every kind, and not of drafts', async () => {
  const folder = temporaryFolder({ 'pod.yaml': 'a' })
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  let changes = 0
  let polling = 0
  await watchFolder(folder, {
    changed: () => changes++,
    polling: () => polling++,
    signal: controller.signal,
  })
  const saves = [
    () => writeFileSync(join(folder, 'pod.yaml'), 'b'),
    () => writeFileSync(join(folder, 'sidecar.ts'), 'new'),
    () => {
      writeFileSync(join(folder, '.draft'), 'c')
      renameSync(join(folder, '.draft'), join(folder, 'pod.yaml'))
    },
    () => rmSync(join(folder, 'sidecar.ts')),
  ]
  for (const [index, save] of saves.entries()) {
    writeFileSync(join(folder, '.pod.yaml.swp'), String(index))
    save()
    expect(await until(() => changes === index + 1, { timeoutMs: 3_000 })).toBe(true)
  }
  expect(polling).toBe(0)
})

test('a folder whose watch was called off before it began keeps no process alive', async () => {
  const watcher = `import { watchFolder } from '#sandbox/course/watch.ts'
    await watchFolder('.', { changed() {}, polling() {}, signal: AbortSignal.abort() })`
  const ended = await runCommand(process.execPath, ['--input-type=module', '--eval', watcher], {
    timeoutMs: 10_000,
  })
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
})

test('where no file events arrive, a save is noticed all the same, and that is said once', async () => {
  const root = temporaryFolder()
  const folder = join(root, 'workspace')
  for (const name of ['here', 'there']) mkdirSync(join(root, name))
  symlinkSync('here', folder)
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  let [changes, polling] = [0, 0]
  await watchFolder(folder, {
    changed: () => changes++,
    polling: () => polling++,
    signal: controller.signal,
  })
  // The events of the folder that is watched tell nothing of the one that stands in its place now.
  symlinkSync('there', join(root, 'next'))
  renameSync(join(root, 'next'), folder)
  for (const text of ['one', 'other']) {
    const before = changes
    writeFileSync(join(folder, 'pod.yaml'), text)
    expect(await until(() => changes > before && polling === 1, { timeoutMs: 5_000 })).toBe(true)
  }
  expect(polling).toBe(1)
})
