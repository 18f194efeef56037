/** Benchmark of the web site: how long a build takes, and what a reader's first lesson page costs. */
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { runCommand } from '#sandbox/command.ts'
import { listLessons } from '#sandbox/course/lesson.ts'
import { median, timed, type Row } from '../measure/row.ts'

const WORKSHOP = fileURLToPath(new URL('../workshop.mjs', import.meta.url))
const SIZES = [
  { pages: 12, runs: 3 },
  { pages: 120, runs: 1 },
]

/** Build times for copies of the real lessons, each in a fresh process; then bytes of the real pages after gzip -9. */
export async function run(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-site-'))
  try {
    const times: Row[] = []
    for (const { pages, runs } of SIZES) {
      const lessons = join(folder, `lessons-${pages}`)
      await copyLessons(lessons, pages)
      const values: number[] = []
      for (let attempt = 0; attempt < runs; attempt++) values.push(await timed(() => build(folder, lessons)))
      times.push({ name: `build of ${pages} lesson pages`, unit: 's', value: median(values) / 1000, runs })
    }
    await build(folder)
    return [...times, ...(await weigh(join(folder, 'site')))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function build(folder: string, lessons?: string): Promise<void> {
  const from = lessons ? ['--lessons', lessons] : []
  const args = [WORKSHOP, 'build', '--out', join(folder, 'site'), ...from]
  const { exitCode, stderr } = await runCommand(process.execPath, args, { timeoutMs: 600_000 })
  if (exitCode !== 0) throw new Error(stderr)
}

/** No copy has a code block in common with another one: what is colored once is not colored again. */
async function copyLessons(target: string, count: number): Promise<void> {
  const lessons = await listLessons()
  for (let copy = 0; copy < count; copy++) {
    const number = String((copy % 99) + 1).padStart(2, '0')
    const folder = join(target, `${number}-copy-${copy}`)
    await cp(lessons[copy % lessons.length]!.folder, folder, { recursive: true })
    const files = await readdir(folder, { recursive: true })
    for (const file of files.filter((name) => /\.(ts|yaml|mdx)$/.test(name))) {
      const text = await readFile(join(folder, file), 'utf8')
      await writeFile(join(folder, file), marked(file, text, copy))
    }
  }
}

function marked(file: string, text: string, copy: number): string {
  if (file.endsWith('.mdx')) return text.replaceAll('\n```\n', `\n# copy ${copy}\n\`\`\`\n`)
  return `${text}${file.endsWith('.ts') ? '//' : '#'} copy ${copy}\n`
}

/** The heaviest lesson: its page without and with its code, and what every page loads besides. */
async function weigh(site: string): Promise<Row[]> {
  const zipped = async (path: string) => gzipSync(await readFile(join(site, path)), { level: 9 }).length
  const [assets, lessons] = await Promise.all([readdir(join(site, 'assets')), listLessons()])
  const shared = await Promise.all(
    assets.filter((name) => /\.(js|css)$/.test(name)).map((name) => zipped(`assets/${name}`)),
  )
  const besides = shared.reduce((sum, bytes) => sum + bytes, 0)
  const pages = await Promise.all(
    lessons.map(async ({ name }) => {
      const html = await readFile(join(site, `${name}.html`), 'utf8')
      const prose = html.replaceAll(/<figure class="listing.*?<\/figure>|<pre.*?<\/pre>/gs, '')
      return { name, whole: gzipSync(html, { level: 9 }).length, prose: gzipSync(prose, { level: 9 }).length }
    }),
  )
  const heaviest = pages.sort((a, b) => b.prose - a.prose)[0]!
  return [
    weight(
      `first load of ${heaviest.name} without its code: HTML, CSS and JavaScript`,
      heaviest.prose + besides,
    ),
    weight(`first load of ${heaviest.name} with all of its code`, heaviest.whole + besides),
    weight('CSS and JavaScript, of every page', besides),
  ]
}

function weight(name: string, bytes: number): Row {
  return { name, unit: 'KB', value: bytes / 1024, runs: 1 }
}
