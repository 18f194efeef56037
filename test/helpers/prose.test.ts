/** Proves the rules by which prose is compared with the product: what may differ, what may not, and which state counts. */
import { describe, expect, test } from 'vitest'
import { findLesson, loadProse } from '#sandbox/course/lesson.ts'
import { missingLines } from './expected-output.ts'
import { readScript, type } from './learner-shell.ts'
import { isFileOf, scenesOf, standsIn } from './prose-quotes.ts'
import { temporaryFolder } from './temp-folder.ts'
import { lessonText, tinyCourse } from './tiny-course.ts'

describe('a line that is shown', () => {
  test.for([
    ['numbers', '1311 access.log', '2180845 access.log'],
    ['the space between words', 'NAME   READY', 'NAME        READY'],
    ['the space around a line', '  indented', 'indented '],
    ['dates', '[22/Nov/2026:15:30:00 +0000]', '[01/Dec/2027:00:00:01 +0000]'],
    ['days', 'Sun, 22 Nov 2026', 'Mon, 1 Feb 2027'],
    ['ages', 'webserver   2/2   Running   0   12s', 'webserver   2/2   Running   0   3m4s'],
    ['ids of containers and nonces', 'GET /?n3b9ed53775-hello', 'GET /?na0b1c2d3e4-hello'],
    ['generated names', 'web-6d4cf56db6-x7k2p', 'web-798b8c4d9f-bcdfg'],
    ['what … leaves out', 'Error: … access.log', 'Error: ENOENT: open /logs/access.log'],
  ] as const)('may differ in %s', ([, shown, came]) => {
    expect(missingLines([shown], ['something else', came])).toEqual([])
  })

  test.for([
    ['a word', 'listening on port 80', 'listens on port 80'],
    ['a beginning', 'listening', 'now listening'],
    ['an end', 'listening', 'listening on port 80'],
    ['punctuation', 'a.b', 'a-b'],
    ['a number that did not come', 'exit code 1', 'exit code'],
  ] as const)('may not differ in %s', ([, shown, came]) => {
    expect(missingLines([shown], [came])).toEqual([shown])
  })

  test('is needed as often as it is shown', () => {
    expect(missingLines(['GET /1', 'GET /2', '…'], ['…', 'GET /7', 'other'])).toEqual(['GET /2'])
  })
})

describe('an excerpt', () => {
  const files = new Map([['pod.yaml', 'spec:\n  containers:\n    - name: app\n      image: nginx\n']])

  test('stands in a file apart from its indentation, line after line', () => {
    expect(standsIn(files, '- name: app\n  image: nginx')).toBe(true)
    expect(standsIn(files, 'spec:\n  - name: app')).toBe(false)
    expect(standsIn(files, 'name: app')).toBe(false)
  })

  test('of a file name may leave a part of it open', () => {
    expect(['pod.yaml', '*.yaml', '*.ts', 'pod'].map((name) => isFileOf(files, name))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

test('what a step quotes holds as the step begins, and from **Do** on with its solution', async () => {
  const body = `
Introduction, \`in.yaml\`.

<Step id="look">

- Before \`a.ts\`.

\`\`\`sh
kubectl get pods
\`\`\`

**Do, first half.** Write it.

> \`b.ts\`

</Step>

<Step id="mend">

Nothing.

</Step>

Afterword, \`out.yaml\`.
`
  const lesson = await findLesson('1', temporaryFolder(tinyCourse(lessonText({ body }))))
  const scenes = scenesOf(await loadProse(lesson))
  expect(
    scenes.flatMap(({ step, isSolved, quotes }) =>
      quotes.map(({ kind, text }) => `${step} ${isSolved ? 'after' : 'before'}: ${kind} ${text}`),
    ),
  ).toEqual([
    '0 before: inline in.yaml',
    '0 before: inline a.ts',
    '0 before: sh kubectl get pods',
    '0 after: inline b.ts',
    '1 after: inline out.yaml',
  ])
  expect(scenes[1]!.quotes.map(({ line }) => lessonText({ body }).split('\n')[line - 1])).toEqual([
    '- Before `a.ts`.',
    '```sh',
  ])
})

describe('a script', () => {
  test('is typed once as far as it acts, and what only reads behind that may be typed again', () => {
    const exec = "kubectl exec web -- sh -c 'cd /tmp\n  ls'"
    const script = `npm run shell\nkubectl get pod web\n${exec}\n# Look:\nkubectl logs web | grep -c x\nkubectl logs web -f`
    expect(readScript(script)).toEqual({
      npm: ['npm run shell'],
      acts: `kubectl get pod web\n${exec}`,
      reads: '# Look:\nkubectl logs web | grep -c x\nkubectl logs web -f',
      follows: true,
    })
    expect(readScript('kubectl get pod web -o yaml | kubectl apply -f -').reads).toBe('')
    expect(readScript('for i in 1 2; do\n  kubectl get pods\ndone').acts).toContain('\ndone')
  })

  test('fails with the first command that fails, and keeps both outputs in order', async () => {
    const options = { cwd: temporaryFolder(), env: { WHO: 'me' }, timeoutMs: 10_000 }
    expect(await type('echo $WHO\nls no-such-file\necho later', options)).toEqual({
      exitCode: 2,
      output: expect.stringMatching(/^me\n.*no-such-file.*\n$/) as string,
    })
  })

  test('that does not end is ended with all that it started, once enough has come', async () => {
    const isEnough = (output: string) => output.includes('ready')
    const options = { cwd: temporaryFolder(), env: {}, timeoutMs: 10_000, isEnough }
    expect(await type('echo ready; sleep 1000 & wait', options)).toEqual({
      exitCode: null,
      output: 'ready\n',
    })
  })
})
