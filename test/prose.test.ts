/** Proves that the prose is true: what a lesson quotes is looked up, what it says to type is typed, and what it shows comes. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { listLessons, loadProse, type Lesson } from '#sandbox/course/lesson.ts'
import { filesAfter, filesBefore, type Files } from '#sandbox/course/states.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { createFreshLesson } from '#test/helpers/fresh-lesson.ts'
import { kubectlNeeds } from '#test/helpers/kubectl.ts'
import { readScript } from '#test/helpers/learner-shell.ts'
import { describeWith } from '#test/helpers/needs.ts'
import { isFileOf, scenesOf, standsIn, type Quote } from '#test/helpers/prose-quotes.ts'
import { readAloud } from '#test/helpers/prose-reading.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
const all = [...(await listLessons()), await createFreshLesson()]
const lessons = all.map((lesson) => [lesson.name, lesson] as const)
const fileOf = (lesson: Lesson) => relative(ROOT, join(lesson.folder, 'lesson.mdx'))

test.for(lessons)('%s quotes files and commands that there are', async ([, lesson]) => {
  const wrong: string[] = []
  for (const { step, isSolved, quotes } of scenesOf(await loadProse(lesson))) {
    const [before, after] = await Promise.all([filesBefore(lesson, step), filesAfter(lesson, step)])
    for (const quote of quotes) {
      const faults = faultsOf(quote, isSolved ? after : before, new Map([...before, ...after]))
      wrong.push(...faults.map((fault) => `${fileOf(lesson)}:${quote.line}: ${fault}`))
    }
  }
  expect(wrong).toEqual([])
})

describeWith(kubectlNeeds, 'typed into a shell', () => {
  test.concurrent.for(lessons)(
    '%s: each command works, and what the text shows comes',
    { timeout: 600_000 },
    async ([, lesson]) => {
      const problems = await readAloud(lesson, await cluster)
      const told = problems.map(({ line, what }) => `${fileOf(lesson)}:${line}: ${what}`)
      expect(told.join('\n\n')).toBe('')
    },
  )
})

/** What is wrong with a quote that need not be run; `files` are those of its state, `known` those of its step. */
function faultsOf({ kind, text }: Quote, files: Files, known: Files): string[] {
  switch (kind) {
    case 'sh':
      return readScript(text).npm.flatMap(faultsOfCommand)
    case 'inline':
      if (/^(\/code\/)?[\w.*-]+\.(ts|ya?ml)$/.test(text) && !isFileOf(known, text.replace('/code/', ''))) {
        return [`\`${text}\` is no file of the workspace: ${[...known.keys()].join(', ')}`]
      }
      return faultsOfCommand(text)
    case 'yaml':
    case 'ts':
      if (standsIn(files, text)) return []
      return [`these lines do not stand like this in any of ${[...files.keys()].join(', ')}:\n${text}`]
    case 'text':
    case 'diagram':
      return []
    default:
      return [`a fence in “${kind}” is not known: write sh, text, diagram, yaml or ts behind its \`\`\``]
  }
}

function faultsOfCommand(command: string): string[] {
  const [, script] = /^npm run (?:-s )?([^\s-]\S*)/.exec(command) ?? []
  if (script && !(script in scripts)) return [`“${command}”: package.json has no script ${script}`]
  const [, verb] = /^kubectl (?:-n \S+ )?([a-z][a-z-]*)/.exec(command) ?? []
  if (verb && !isVerb(verb)) return [`“${command}”: kubectl has no command ${verb}`]
  return []
}

const verbs = new Map<string, boolean>()

/** True where there is no kubectl to ask. */
function isVerb(verb: string): boolean {
  if (!kubectlNeeds.every(({ present }) => present)) return true
  const known = verbs.get(verb) ?? spawnSync('kubectl', [verb, '--help']).status === 0
  verbs.set(verb, known)
  return known
}

const cluster = startTestCluster()
