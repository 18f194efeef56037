/** Compares what nginx wrote with what a sidecar printed, and explains a sidecar that prints nothing of it. */
import { notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Container } from '#sandbox/objects.ts'
import type { Webserver } from './webserver.ts'

/** The hints for a line that came out several times, and for one that did not come out. */
export interface Mistakes {
  repeated?: string
  missing?: string
}

/** Says which of the marked lines was not printed exactly once, or nothing when each was. */
export function judgeOnce(
  web: Webserver,
  container: string,
  seen: Map<string, string[]>,
  hints: Mistakes,
): Verdict | undefined {
  const source = `logs ${web.name} -c ${container}`
  for (const [mark, { length, 0: text }] of seen) {
    if (length < 2) continue
    const because = `nginx wrote the line with “${mark.trimEnd()}” once, the sidecar printed it ${length} times`
    return notYet(because, { evidence: { source, text: text! }, hint: hints.repeated })
  }
  for (const [mark, { length }] of seen) {
    if (length > 0) continue
    const printed = [...seen.values()].flat().at(-1) ?? 'nothing of it'
    const because = `nginx wrote the line with “${mark.trimEnd()}”, and the sidecar did not print it`
    return notYet(because, { evidence: { source, text: printed }, hint: hints.missing })
  }
  return undefined
}

/** Why no container of the pod has printed the line of the request “hello”, as far as logs and states tell. */
export async function explainSilence(web: Webserver): Promise<Verdict> {
  if (web.others.length === 0) return notYet(`nginx is alone in pod ${web.name}`)
  const sharing = web.sharing()
  if (sharing.length === 0) return notYet(`no container of pod ${web.name} shares a volume with nginx`)
  const known = (await web.sh('head -n 1 access.log')).trim()
  for (const container of sharing) {
    const verdict = await explainContainer(web, container, known)
    if (verdict) return verdict
  }
  await web.visit('again')
  const late = await web.lab.until(() => web.printerOf('again'), { timeoutMs: 1_000 })
  if (late) {
    const evidence = { source: `logs ${web.name} -c ${late.container}`, text: late.line }
    const because = `container ${late.container} prints new lines, and not what was there before`
    return notYet(because, { evidence, hint: HINTS.atTheEnd })
  }
  const names = sharing.map(({ name }) => name).join(', ')
  return notYet(`a request reached nginx, and its line came out of none of these containers: ${names}`)
}

/** Whether the last words of a container are that access.log does not exist. */
export function isCrashOverMissingFile(lines: string[]): boolean {
  return lines.some((line) => /ENOENT/.test(line) && line.includes('access.log'))
}

/** The end of a log, short enough to quote: the first line that names an error, or the last that holds anything. */
export function lastLines(lines: string[]): string {
  const spoken = lines.filter((line) => line.trim() !== '')
  return spoken.findLast((line) => /^\w*Error\b|No such file/.test(line)) ?? spoken.at(-1) ?? 'nothing'
}

/** Says that a container ended without an error since the check began, where it did. */
export async function explainEnd(web: Webserver, container: string): Promise<Verdict | undefined> {
  const before = web.pod.status.containerStatuses?.find(({ name }) => name === container)
  const now = await web.status(container)
  const ended = now?.state?.terminated ?? now?.lastState?.terminated
  if (ended?.exitCode !== 0) return undefined
  if (now?.state?.running && now.restartCount === before?.restartCount) return undefined
  const text = `exit code 0, ${now?.restartCount} restarts`
  const source = `pod ${web.name} .status.containerStatuses`
  const because = `the program in container ${container} has ended`
  return notYet(because, { evidence: { source, text }, hint: HINTS.ended })
}

async function explainContainer(
  web: Webserver,
  { name, volumeMounts = [] }: Container,
  known: string,
): Promise<Verdict | undefined> {
  const lines = await web.logLines(name)
  const evidence = { source: `logs ${web.name} -c ${name}`, text: lastLines(lines) }
  const [, program] = /Cannot find module '(\/[^']*)'/.exec(evidence.text) ?? []
  if (program) {
    return notYet(`container ${name} finds no program ${program}`, { evidence, hint: HINTS.noProgram })
  }
  const [, path] = /ENOENT.*'([^']*)'/.exec(evidence.text) ?? []
  if (path && volumeMounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`))) {
    return notYet(`container ${name} ended because ${path} was not there`, {
      evidence,
      hint: HINTS.diesWithoutFile,
    })
  }
  if (path) {
    const mounts = volumeMounts.map(({ mountPath }) => mountPath).join(', ') || 'nothing'
    const because = `container ${name} looks for ${path}, and mounts ${mounts}`
    return notYet(because, { evidence, hint: HINTS.otherFolder })
  }
  if (/^\w*Error\b/.test(evidence.text)) return notYet(`container ${name} ended with an error`, { evidence })
  const end = await explainEnd(web, name)
  if (end) return end
  if (lines.some((line) => line.startsWith('<Buffer '))) {
    return notYet(`container ${name} prints bytes as numbers`, { evidence, hint: HINTS.buffer })
  }
  if (known && lines.includes(known)) {
    return notYet(`container ${name} printed older lines, and none since`, {
      evidence,
      hint: READS_ONCE,
    })
  }
  return undefined
}

/** What a program may do that ends when its file is away, which is no mistake of its manifest. */
export const DIES_WITHOUT_FILE =
  'The file may be away: before nginx has started, and for a moment in each rotation. Treat ENOENT as “not now”, and look again a little later.'

const HINTS = {
  diesWithoutFile: DIES_WITHOUT_FILE,
  noProgram:
    'Your *.ts files are in the ConfigMap “code”. Declare a volume from it, and mount it in the container where the command looks for the program.',
  otherFolder:
    'The program looks in one folder, and the volume is mounted in another. Let mountPath and the path in the program name the same folder.',
  ended:
    'The kubelet starts it again, and waits longer each time. If you sent it a signal, wait too. If not, the program ends by itself; a sidecar stays, and looks at the file again and again, as with setInterval.',
  buffer: 'console.log shows a Buffer as a list of numbers. Write its bytes: fs.writeFileSync(1, bytes).',
  atTheEnd:
    'The sidecar began at the end of the file. Begin at its first byte: what was written before you started wants to be shipped too.',
}

/** The hint for a sidecar that reads the file when it starts, and never again. */
export const READS_ONCE =
  'The file was read once, when the container started. Look at it again and again, as with setInterval, and read from where you were.'
