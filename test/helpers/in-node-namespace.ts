/** Runs a test's scenario where the engine runs: inside a node namespace, as root or as an ordinary user. */
import { spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { namespaceCommand, tryIsolation } from '#sandbox/pods/linux/isolation.ts'
import type { Need } from './needs.ts'

/**
 * Who runs the engine. `user` is nobody when the tests run as root, else whoever runs them; a `user with ids` is nobody
 * with a range in /etc/subuid, which takes root and newuidmap.
 */
export type Runner = 'root' | 'user' | 'user with ids'

const isRoot = process.getuid?.() === 0

/** The runners that this machine offers: only root can be both. */
export const runners: Runner[] = isRoot ? ['root', 'user'] : ['user']

const refusal = await tryIsolation()

/** A machine that lets us isolate containers. */
export const isolation: Need = {
  name: 'isolation of containers',
  present: refusal === undefined,
  install: refusal?.hint ?? '',
}

/** The user that {@link asNobody} becomes. */
export const nobody = 65_534
const repository = new URL('../..', import.meta.url).pathname

const main =
  'const [module, name, folder] = process.argv.slice(1);' +
  'const answer = await (await import(module))[name](folder);' +
  'process.stdout.write(JSON.stringify(answer ?? null), () => process.exit(0))'

/**
 * Calls the function `name`, which a module of this repository exports, with an empty folder of its own inside a node
 * namespace, and answers its answer, which JSON must carry. Throws with the output when it fails or takes over 30 s.
 */
export async function runInNodeNamespace<T>(module: URL, name: string, runner: Runner): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sidecar-workshop-test-'))
  const work = join(folder, 'work')
  mkdirSync(work)
  try {
    const modulePath = module.pathname.slice(repository.length)
    const node = (executable: string, root: string) => {
      const script = ['--input-type=module', '--eval', main, '--', join(root, modulePath), name, work]
      return [
        ...namespaceCommand(runner === 'root', runner === 'user with ids'),
        'sh',
        '-c',
        '"$@" & wait $!',
        'sh',
        executable,
        ...script,
      ]
    }
    const command = isRoot && runner !== 'root' ? asNobody(folder, node) : node(process.execPath, repository)
    return JSON.parse(await run(command)) as T
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Nobody may not be allowed to look into the repository: it appears in the test's folder, in a namespace of its own. */
export function asNobody(folder: string, command: (executable: string, root: string) => string[]): string[] {
  const copy = join(folder, 'repository')
  const executable = join(folder, 'node')
  chmodSync(folder, 0o755)
  chownSync(join(folder, 'work'), nobody, nobody)
  mkdirSync(copy, { recursive: true })
  writeFileSync(executable, '')
  writeFileSync(join(folder, 'ids'), 'nobody:200000:65536\n')
  const script =
    'mount --rbind "$1" "$2" && mount --bind "$3" "$4" && ' +
    'for file in /etc/subuid /etc/subgid; do test ! -e $file || mount --bind "$5" $file; done && shift 5 && exec "$@"'
  const mounts = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    repository,
    copy,
    process.execPath,
    executable,
    join(folder, 'ids'),
  ]
  const becomeNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  return [...mounts, ...becomeNobody, ...command(executable, copy)]
}

async function run([file = '', ...args]: string[]): Promise<string> {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0) throw new Error(`the scenario ended with ${String(code)}:\n${stdout}\n${stderr}`)
  return stdout
}
