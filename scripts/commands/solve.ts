/** `npm run solve N`: writes the solution of a step into the learner's folder and brings it to the cluster. */
import { parseArgs } from 'node:util'
import { Deployer } from '#sandbox/course/deploy.ts'
import { findLesson, type Lesson } from '#sandbox/course/lesson.ts'
import { lessonNamespace } from '#sandbox/course/namespace.ts'
import { filesAfter, type Files } from '#sandbox/course/states.ts'
import { beginAgain, workspaceFolder } from '#sandbox/course/workspace.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { CLUSTER_OPTIONS, CLUSTER_USAGE, startCluster, type ClusterOptions } from '../cluster-access.ts'
import { tryLockLesson } from '../lesson-lock.ts'
import { currentStep, parseStep } from '../step-argument.ts'
import { print } from '../terminal/print.ts'

export const summary = 'writes the solution of a step, and keeps your files aside'
export const usage = `npm run solve 1                  of the step where you are in lesson 1
npm run solve 1 -- --step 2      of step 2, and of all before it
${CLUSTER_USAGE}`

/** 0 when the solution is in the learner's folder and on its way to the cluster. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...CLUSTER_OPTIONS, step: { type: 'string' } },
  })
  const [typed, ...rest] = positionals
  if (typed === undefined || rest.length > 0) {
    throw new WorkshopError('solve takes the number of one lesson', usage)
  }
  const lesson = await findLesson(typed)
  const step = values.step === undefined ? currentStep(lesson) : parseStep(lesson, values.step)
  const lock = tryLockLesson(lesson)
  try {
    const files = await filesAfter(lesson, step)
    const aside = await beginAgain(workspaceFolder(lesson), files, Date.now())
    if (aside) print(`Your files are kept in ${aside}`)
    // Where the lesson is open, it notices the new files itself.
    if ('release' in lock) await deploy(lesson, files, values)
    print(`The solution of step ${step + 1} is in ${workspaceFolder(lesson)}`)
    return 0
  } finally {
    if ('release' in lock) lock.release()
  }
}

async function deploy(lesson: Lesson, files: Files, options: ClusterOptions): Promise<void> {
  const { client, connection } = await startCluster({ ...options, lesson })
  const deployer = new Deployer(client, lessonNamespace(lesson, connection), connection.images)
  const { problems } = await deployer.deploy(files)
  const [problem] = problems
  if (problem) throw new WorkshopError(`${problem.file}: ${problem.what}`, problem.instead)
}
