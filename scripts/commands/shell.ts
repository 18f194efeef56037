/** `npm run shell`: the learner's own shell, in the workspace, with kubectl pointed at the lesson. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureNamespace, lessonNamespace } from '#sandbox/course/namespace.ts'
import { findLesson, listLessons, type Lesson } from '#sandbox/course/lesson.ts'
import { readProgress } from '#sandbox/course/progress.ts'
import { prepareShell } from '#sandbox/course/shell-files.ts'
import { filesBefore } from '#sandbox/course/states.ts'
import { prepareWorkspace, workspaceFolder } from '#sandbox/course/workspace.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { installLine } from '#sandbox/install-line.ts'
import { CLUSTER_OPTIONS, CLUSTER_USAGE, startCluster } from '../cluster-access.ts'
import { print } from '../terminal/print.ts'

export const summary = 'opens your shell in a lesson’s folder, with kubectl set up'
export const usage = `npm run shell        for the lesson that you worked on last
npm run shell 1      for lesson 1
${CLUSTER_USAGE}`

/** The exit code of the shell. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: CLUSTER_OPTIONS })
  const lesson = await chooseLesson(positionals)
  const cluster = await startCluster({ ...values, lesson })
  const namespace = lessonNamespace(lesson, cluster.connection)
  await ensureNamespace(cluster.client, namespace)
  const folder = workspaceFolder(lesson)
  await prepareWorkspace(folder, await filesBefore(lesson, 0))
  const shell = process.env.SHELL || '/bin/sh'
  const kubectl = findBinary('kubectl') ? undefined : SMALL_KUBECTL
  const start = await prepareShell(lesson, shell, cluster.kubeconfig, kubectl)
  print(`Your shell for lesson ${lesson.number}, in ${folder}.
kubectl speaks to the workshop's cluster, namespace ${namespace}. “exit” leaves.`)
  if (kubectl) print(NO_KUBECTL)
  return await runShell(shell, start.args, folder, { ...ownEnvironment(), ...start.env })
}

async function chooseLesson([typed, ...rest]: string[]): Promise<Lesson> {
  if (rest.length > 0) throw new WorkshopError('shell takes the number of one lesson at most', usage)
  if (typed !== undefined) return await findLesson(typed)
  const lessons = await listLessons()
  const { latest } = readProgress(Date.now()).progress
  const lesson = lessons.find(({ name }) => name === latest) ?? lessons[0]
  if (!lesson) throw new WorkshopError('there is no lesson yet', 'see lessons/README.md')
  return lesson
}

async function runShell(
  shell: string,
  args: string[],
  cwd: string,
  env: Record<string, string | undefined>,
): Promise<number> {
  // Ctrl-C is the shell's; npm and this process wait for its end.
  process.on('SIGINT', ignore)
  try {
    const child = spawn(shell, args, { cwd, env, stdio: 'inherit' })
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return signal ? 1 : (code ?? 1)
  } catch (error) {
    throw new WorkshopError(
      `can't start your shell ${shell}`,
      'choose another: SHELL=/bin/sh npm run shell',
      {
        cause: error,
      },
    )
  } finally {
    process.off('SIGINT', ignore)
  }
}

function ignore(): void {}

const SMALL_KUBECTL = fileURLToPath(new URL('../kubectl/main.ts', import.meta.url))
const NO_KUBECTL = `You have no kubectl, so this shell has a small one with the verbs of the lessons: kubectl help
The real one has more:
${installLine('kubectl')}`

/** Without what npm adds for scripts. */
function ownEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
}
