/** Judges the lesson: a word that the check gives to the app comes out of another container. */
import { done, notYet, type Checks, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { onPod } from '#sandbox/course/subject.ts'
import type { Container, Pod } from '#sandbox/objects.ts'

export const checks = {
  share: onPod({ what: 'a container named app', is: ({ spec }) => spec.containers.some(isApp) }, judgeShare),
} satisfies Checks

async function judgeShare(lab: Lab, pod: Pod): Promise<Verdict> {
  const { name } = pod.metadata
  const app = pod.spec.containers.find(isApp)!
  const others = pod.spec.containers.filter((container) => container !== app)
  await lab.exec(name, app.name, ['sh', '-c', 'echo "$1" > /data/word', 'sh', lab.nonce])
  const printer = await lab.until(async () => {
    for (const other of others) {
      if ((await lab.logLines(name, other.name)).includes(lab.nonce)) return other
    }
    return undefined
  })
  if (printer) return done(`logs ${name} -c ${printer.name}`, lab.nonce)
  const said = others[0] ? (await lab.logLines(name, others[0].name)).slice(-1).join('\n') : ''
  const evidence = { source: `logs ${name} -c ${others[0]?.name}`, text: said || '(nothing)' }
  const because = `the app wrote ${lab.nonce}, and no other container has printed it`
  return notYet(because, { evidence, hint: hintFor(app, others) })
}

/** Where the mistake is recognized. */
function hintFor(app: Container, others: Container[]): string | undefined {
  const [mine, theirs] = [volumesOf(app), others.flatMap(volumesOf)]
  if (mine.length > 0 && theirs.length === 0) return HINTS.appOnly
  if (mine.length === 0 && theirs.length > 0) return HINTS.sidecarOnly
  if (mine.length > 0 && !theirs.some((volume) => mine.includes(volume))) return HINTS.twoVolumes
  return undefined
}

function isApp({ name }: Container): boolean {
  return name === 'app'
}

function volumesOf({ volumeMounts = [] }: Container): string[] {
  const own = volumeMounts.filter(({ mountPath }) => !mountPath.startsWith('/var/run/secrets/'))
  return own.map(({ name }) => name)
}

const HINTS = {
  appOnly: 'Only the app mounts the volume. The sidecar has to mount it too.',
  sidecarOnly:
    'Only the sidecar mounts the volume, so it looks into an empty folder. The app has to mount it too.',
  twoVolumes: 'These are two volumes. Mount the same one, by its name, in both containers.',
}
