/** The files behind the learner's shell: a kubeconfig for one lesson, and start-up files that mark the prompt. */
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { kitExtension, parseKubeconfig, writeOwnKubeconfig } from '../kubeconfig-file.ts'
import { stateFolder } from '../paths.ts'
import { namespaceOf, type Lesson } from './lesson.ts'

/** How to start the learner's own shell. */
export interface ShellStart {
  args: string[]
  env: Record<string, string>
}

/**
 * Writes what the shell needs into the state folder. `shell` is the path in $SHELL; bash and zsh get a marked
 * prompt behind their own start-up files, any other shell the environment only. `kubectl` is a program for Node that
 * goes by this name there.
 */
export async function prepareShell(
  lesson: Lesson,
  shell: string,
  kubeconfig: string,
  kubectl?: string,
): Promise<ShellStart> {
  const folder = shellFolder(lesson)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const bin = kubectl && (await writeLauncher(folder, kubectl))
  const env = {
    KUBECONFIG: await writeKubeconfig(kubeconfig, lesson, folder),
    SIDECAR_WORKSHOP_LESSON: String(lesson.number),
    ...(bin && { PATH: `${bin}:${process.env.PATH}` }),
  }
  // The learner's own files may set PATH anew.
  const path = bin ? `export PATH=${quoted(bin)}:"$PATH"\n` : ''
  const mark = `(lesson ${lesson.number}) `
  if (basename(shell) === 'bash') {
    const rcfile = join(folder, 'bashrc')
    await writeFile(rcfile, `[ -f ~/.bashrc ] && . ~/.bashrc\nPS1="${mark}$PS1"\n${path}`)
    return { args: ['--rcfile', rcfile], env }
  }
  if (basename(shell) === 'zsh') {
    const own = `WORKSHOP_ZDOTDIR`
    await writeFile(join(folder, '.zshenv'), `[ -f "$${own}/.zshenv" ] && . "$${own}/.zshenv"\n`)
    await writeFile(join(folder, '.zshrc'), zshrc(own, mark) + path)
    return {
      args: [],
      env: { ...env, ZDOTDIR: folder, [own]: process.env.ZDOTDIR ?? process.env.HOME ?? '/' },
    }
  }
  return { args: [], env }
}

/** Lets a shell that is open already find the cluster again, which has another address after each start. */
export async function refreshShell(lesson: Lesson, kubeconfig: string): Promise<void> {
  const folder = shellFolder(lesson)
  if (existsSync(folder)) await writeKubeconfig(kubeconfig, lesson, folder)
}

/** Answers the folder in which the program is called kubectl. */
async function writeLauncher(folder: string, program: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin, { recursive: true })
  const path = join(bin, 'kubectl')
  await writeFile(path, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(program)} "$@"\n`)
  await chmod(path, 0o755)
  return bin
}

/** One word for a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function shellFolder(lesson: Lesson): string {
  return join(stateFolder(), 'shell', lesson.name)
}

/** A copy with the lesson's namespace preset, so that kubectl needs no -n. */
async function writeKubeconfig(source: string, lesson: Lesson, folder: string): Promise<string> {
  const path = join(folder, 'kubeconfig')
  const config = await parseKubeconfig(source)
  for (const { context } of config.contexts ?? []) {
    if (!kitExtension(context).isGuest) context.namespace = namespaceOf(lesson)
  }
  await writeOwnKubeconfig(path, config)
  return path
}

/** The learner's own files decide first, and find ZDOTDIR as they know it. */
function zshrc(own: string, mark: string): string {
  return `ZDOTDIR="$${own}"\n[ -f "$ZDOTDIR/.zshrc" ] && . "$ZDOTDIR/.zshrc"\nPROMPT="${mark}$PROMPT"\n`
}
