/** `npm run reset N`: a lesson begins again; what the learner wrote is kept aside. */
import { parseArgs } from 'node:util'
import { clearNamespace, lessonNamespace } from '#sandbox/course/namespace.ts'
import { findLesson } from '#sandbox/course/lesson.ts'
import { updateProgress } from '#sandbox/course/progress.ts'
import { filesBefore } from '#sandbox/course/states.ts'
import { beginAgain, workspaceFolder } from '#sandbox/course/workspace.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { CLUSTER_OPTIONS, CLUSTER_USAGE, findRunningCluster } from '../cluster-access.ts'
import { lockLesson } from '../lesson-lock.ts'
import { print } from '../terminal/print.ts'

export const summary = 'begins a lesson again, and keeps your files aside'
export const usage = `npm run reset 1      lesson 1 as it was at first: its files, its pods, nothing done
${CLUSTER_USAGE}`

/** 0 when the lesson is as it was at first. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: CLUSTER_OPTIONS })
  const [typed, ...rest] = positionals
  if (typed === undefined || rest.length > 0) {
    throw new WorkshopError('reset takes the number of one lesson', usage)
  }
  const lesson = await findLesson(typed)
  const lock = lockLesson(lesson, 'press r there, or end it')
  try {
    const folder = workspaceFolder(lesson)
    const aside = await beginAgain(folder, await filesBefore(lesson, 0), Date.now())
    updateProgress(lesson.name, Date.now(), (progress) => {
      delete progress.current
      // How long it took is the learner's own to know.
      for (const [id, { seconds }] of Object.entries(progress.steps)) progress.steps[id] = { seconds }
    })
    const cluster = await findRunningCluster(values)
    if (cluster) await clearNamespace(cluster.client, lessonNamespace(lesson, cluster.connection))
    if (aside) print(`Your files are kept in ${aside}`)
    print(`Lesson ${lesson.number} begins again: npm run lesson ${lesson.number}`)
    return 0
  } finally {
    lock.release()
  }
}
