/** Proves how lessons and verdicts look in a terminal. */
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { listLessons, loadProse } from '#sandbox/course/lesson.ts'
import { compareLines } from '#sandbox/course/compare-lines.ts'
import { readPodPicture } from '#sandbox/course/pod-picture.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { POD, lessonText, tinyCourse } from '#test/helpers/tiny-course.ts'
import { drawDiff } from '../../../scripts/terminal/diff.ts'
import { drawBlocks } from '../../../scripts/terminal/markdown.ts'
import { outcomeLines } from '../../../scripts/terminal/outcome.ts'
import { drawPod } from '../../../scripts/terminal/pod-picture.ts'
import { printable } from '../../../scripts/terminal/print.ts'
import { cut, width, wrap } from '../../../scripts/terminal/wrap.ts'

const plain = (lines: string[]) => stripVTControlCharacters(lines.join('\n'))

describe('untrusted text', () => {
  test('can’t steer the terminal', () => {
    const evil = '\u001B[2J\u001B]0;owned\u0007a\u0008b\rc\u009B31md\u202Ee\tf\r\ng\u0000'
    expect(printable(evil)).toBe('abcde  f\ng')
  })
})

describe('wrapping', () => {
  test('counts columns, not characters, and no escape sequence', () => {
    expect(width('\u001B[31mab\u001B[39m')).toBe(2)
    expect(width('日本e\u0301')).toBe(5)
  })

  test('breaks at spaces and leaves a long word whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('a verylongword b', 6)).toEqual(['a', 'verylongword', 'b'])
    expect(cut('verylongword', 6)).toBe('veryl…')
  })
})

describe('a lesson’s text in 60 columns', () => {
  test('draws every kind of block', async () => {
    const step = `# Heading

A paragraph with *emphasis*, **strength**, \`code\`, a [link](https://kubernetes.io/) and enough words to be broken once.

- one
- two with \`x\`
  1. inner

> quoted

| field | meaning |
|---|---|
| emptyDir | a folder that lives as long as the pod does, and not longer |

\`\`\`yaml
key: value
\`\`\`

<File path="start/pod.yaml" lines="9-11" />

<Pod manifest="start/pod.yaml" />
`
    const body = `<Step id="look">\n\n${step}\n\n</Step>\n\n<Step id="mend">\n\nx\n\n</Step>\n`
    const [lesson] = await listLessons(temporaryFolder(tinyCourse(lessonText({ body }))))
    const prose = await loadProse(lesson!)
    const lines = drawBlocks(prose.steps.get('look')!, 60)
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(60)
    expect(plain(lines)).toMatchSnapshot('the text')
  })
})

describe('a picture of a pod', () => {
  test('puts containers beside each other where there is room, and below each other where not', async () => {
    const picture = await readPodPicture('pod.yaml', POD)
    expect(plain(drawPod(picture, 80))).toMatchSnapshot('wide')
    expect(plain(drawPod(picture, 36))).toMatchSnapshot('narrow')
  })

  test('never leaves its columns, whatever the names', async () => {
    const long = POD.replaceAll('/data', `/${'deep/'.repeat(30)}`).replace('webserver', 'w'.repeat(63))
    for (const columns of [30, 78, 80, 200]) {
      const lines = drawPod(await readPodPicture('pod.yaml', long), columns)
      expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(Math.min(columns, 78))
    }
  })
})

describe('a comparison of files', () => {
  test('keeps what is common and shows what goes and comes', () => {
    expect(compareLines('a\nb\nc\n', 'a\nx\nc\nd\n').map(({ mark, text }) => mark + text)).toEqual([
      ' a',
      '-b',
      '+x',
      ' c',
      '+d',
    ])
  })

  test('names new and gone files, and is empty for equal ones', () => {
    const before = new Map([
      ['same', 'x\n'],
      ['gone', 'a\n'],
    ])
    const after = new Map([
      ['same', 'x\n'],
      ['new', 'b\n'],
    ])
    expect(plain(drawDiff(before, after))).toBe('gone (goes)\n- a\n\nnew (new)\n+ b\n')
    expect(drawDiff(before, before)).toEqual([])
  })
})

describe('an outcome', () => {
  const evidence = { source: 'logs webserver -c sidecar', text: `\u001B[2J${'x'.repeat(200)}\nsecond` }
  test('in each of the three verdicts fits the columns and quotes harmless evidence', () => {
    const outcomes = [
      outcomeLines({ verdict: 'done', evidence }, 'Ship', 60),
      outcomeLines({ verdict: 'not yet', because: 'no pod', hint: 'save pod.yaml', evidence }, 'Ship', 60),
      outcomeLines({ verdict: 'broken', because: 'no cluster', hint: 'npm run cluster up' }, 'Ship', 60),
    ]
    expect(Math.max(...outcomes.flat().map(width))).toBeLessThanOrEqual(76)
    expect(plain(outcomes.flat())).toMatchSnapshot('the lines')
  })
})
