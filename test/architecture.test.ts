/** Proves the shape of the repository: what may import what, no cycles, the top level, what a registry entry exports. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openCluster, providerNames } from '#sandbox/cluster.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FILES = trackedFiles().filter((file) => /\.tsx?$/.test(file))

/** Who may import whom inside the repository: the first rule that matches a file holds. `*` is everything. */
const RULES: { files: RegExp; may: RegExp[]; packages: RegExp }[] = [
  { files: /^test\//, may: [/./], packages: /./ },
  {
    files: /^scripts\//,
    may: [/^scripts\//, /^sandbox\//, /^site\/build\.ts$/],
    packages: /^(node:|vitest)/,
  },
  // The browser sees what it shares with the server, and nothing else of the repository.
  { files: /^site\/browser\//, may: [/^site\/(browser|style)\//, /^site\/messages\.ts$/], packages: /^$/ },
  {
    files: /^site\//,
    may: [/^site\/(?!browser)/, /^sandbox\/course\//, /^sandbox\/[^/]+\.ts$/],
    packages: /^(node:|vite$|preact|@mdx-js|shiki$|remark-|rehype-|pagefind$)/,
  },
  // check.ts and what stands beside it; start/, solution/ and answers/ must run on bare Node.
  {
    files: /^lessons\/[^/]+\/[^/]+\.ts$/,
    may: [/^sandbox\/(course\/(check|lab|subject)|kinds|objects)\.ts$/],
    packages: /^node:/,
  },
  { files: /^lessons\//, may: [], packages: /^node:/ },
  { files: /^sandbox\/images\/([^/]+)\//, may: [/^sandbox\/images\//], packages: /^node:/ },
  { files: /^sandbox\/store\.ts$/, may: [/^sandbox\/[^/]+\.ts$/], packages: /^node:/ },
  {
    files: /^sandbox\/api\//,
    may: [/^sandbox\/api\//, /^sandbox\/[^/]+\.ts$/],
    packages: /^(node:|ws$|yaml$|kubernetes-types\/)/,
  },
  { files: /^sandbox\/pods\//, may: [/^sandbox\/pods\//, /^sandbox\/[^/]+\.ts$/], packages: /^node:/ },
  {
    files: /^sandbox\/controllers\//,
    may: [/^sandbox\/controllers\//, /^sandbox\/[^/]+\.ts$/],
    packages: /^node:/,
  },
  {
    files: /^sandbox\/network\//,
    may: [/^sandbox\/network\//, /^sandbox\/[^/]+\.ts$/],
    packages: /^(node:|kubernetes-types\/)/,
  },
  {
    files: /^sandbox\/course\//,
    may: [/^sandbox\/course\//, /^sandbox\/[^/]+\.ts$/],
    packages: /^(node:|yaml|unified|remark-|mdast)/,
  },
  {
    files: /^sandbox\/doctor\//,
    may: [/^sandbox\/(doctor\/|pods\/linux\/isolation|[^/]+\.ts$)/],
    packages: /^node:/,
  },
  {
    files: /^sandbox\/(containers|embedded|kind|providers)\//,
    may: [/^sandbox\/(?!course)/],
    packages: /^(node:|selfsigned$)/,
  },
  { files: /^sandbox\/command\.ts$/, may: [/^sandbox\/[^/]+\.ts$/], packages: /^(node:|execa$)/ },
  {
    files: /^sandbox\/[^/]+\.ts$/,
    may: [/^sandbox\/[^/]+\.ts$/],
    packages: /^(node:|kubernetes-types\/|yaml$|ws$)/,
  },
]

describe('imports', () => {
  it('point one way', () => {
    const wrong = FILES.flatMap((file) =>
      importsOf(file)
        .filter((target) => !isAllowed(file, target))
        .map((target) => `${file} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('make no circle', () => {
    expect(findCycle()).toBeUndefined()
  })

  it('of browser, argv and exit stay out of the engine', () => {
    const wrong = FILES.filter(
      (file) =>
        /^sandbox\/(?!images|embedded\/engine)/.test(file) && /process\.(argv|exit\b)/.test(read(file)),
    )
    expect(wrong).toEqual([])
  })
})

describe('the repository', () => {
  it('holds nothing at the top but what the owner named', () => {
    const top = new Set(trackedFiles().map((file) => file.split('/')[0]!))
    const named = new Set([
      'package.json',
      'package-lock.json',
      'lessons',
      'sandbox',
      'site',
      'scripts',
      'test',
      'README.md',
      'LICENSE',
    ])
    expect([...top].filter((name) => !named.has(name) && !name.startsWith('.'))).toEqual([])
  })

  it('pins every dependency exactly', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
    const versions = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}),
    )
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it('says on top of every file what it owns', () => {
    const silent = FILES.filter(
      (file) => /^(sandbox|scripts|site|test)\//.test(file) && !/^(#!.*\n)?\/\*\*/.test(read(file)),
    )
    expect(silent).toEqual([])
  })

  it('explains every export of the engine and the site', () => {
    const bare = FILES.filter((file) => /^(sandbox|site)\//.test(file)).flatMap((file) =>
      undocumentedExports(file),
    )
    expect(bare).toEqual([])
  })

  it('defaults nothing: exports have names', () => {
    const wrong = FILES.filter((file) => /^export default/m.test(read(file)) && !file.endsWith('.config.ts'))
    expect(wrong).toEqual([])
  })
})

describe('a registry entry', () => {
  it('of providers/ is a provider of that name', async () => {
    for (const name of await providerNames()) expect((await openCluster(name)).name).toBe(name)
  })

  it('of commands/ has a summary, a usage and a run', async () => {
    for (const file of readdirSync(join(ROOT, 'scripts/commands'))) {
      const command = (await import(join(ROOT, 'scripts/commands', file))) as Record<string, unknown>
      expect(command, file).toMatchObject({
        summary: expect.any(String) as string,
        usage: expect.any(String) as string,
        run: expect.any(Function) as () => void,
      })
    }
  })

  it('of bench/ has a run', async () => {
    for (const file of readdirSync(join(ROOT, 'scripts/bench'))) {
      const benchmark = (await import(join(ROOT, 'scripts/bench', file))) as Record<string, unknown>
      expect(benchmark.run, file).toBeTypeOf('function')
    }
  })
})

function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return listed
    .trim()
    .split('\n')
    .filter((file) => existsSync(join(ROOT, file)))
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** Repository paths and package names that a file imports; types alone leave nothing behind at run time. */
function importsOf(file: string, options: { types: boolean } = { types: true }): string[] {
  const specifiers = read(file).matchAll(
    /^(?:import|export)\s+(type\s)?[^'"`;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...specifiers]
    .filter((match) => options.types || !match[1])
    .map((match) => {
      const specifier = (match[2] ?? match[3] ?? match[4])!
      if (specifier.startsWith('#')) return specifier.slice(1)
      return specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), specifier)) : specifier
    })
}

function isAllowed(file: string, target: string): boolean {
  const rule = RULES.find(({ files }) => files.test(file))
  if (!rule) return true
  const inside = /^(sandbox|scripts|lessons|site|test)\//.test(target)
  if (!inside) return rule.packages.test(target)
  return (
    rule.may.some((pattern) => pattern.test(target)) ||
    (file.startsWith('lessons/') && dirname(file) === dirname(target))
  )
}

/** Only what exists at run time counts: types may point both ways. */
function findCycle(): string[] | undefined {
  const graph = new Map(FILES.map((file) => [file, importsOf(file, { types: false })]))
  const finished = new Set<string>()
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (finished.has(file)) return undefined
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target, [...path, file])
      if (cycle) return cycle
    }
    finished.add(file)
    return undefined
  }
  for (const file of FILES) {
    const cycle = visit(file, [])
    if (cycle) return cycle
  }
  return undefined
}

/** Exported declarations without a doc comment right above them; a group of constants may share one. */
function undocumentedExports(file: string): string[] {
  if (file.startsWith('sandbox/images/')) return []
  const lines = read(file).split('\n')
  return lines.flatMap((line, index) => {
    const name = /^export (?:async )?(?:function\*?|class|interface|type|const) (\w+)/.exec(line)?.[1]
    if (!name) return []
    const above = lines[index - 1] ?? ''
    const documented = above.endsWith('*/') || /^export (const|type) /.test(above)
    return documented ? [] : [`${file}: ${name}`]
  })
}
