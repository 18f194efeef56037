/** Judges the first step: nginx's pid, read by another container through a volume that both mount. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import { lastLines } from './shipping.ts'
import { LOGS, mountsOf, type Webserver } from './webserver.ts'

/** Done when a container that shares a volume with nginx prints the pid that nginx's own file holds, or ships its log. */
export async function judgeShare(web: Webserver): Promise<Verdict> {
  if (web.others.length === 0) return notYet(`nginx is alone in pod ${web.name}: there is no sidecar`)
  const sharing = web.sharing()
  if (sharing.length === 0 || !coversLogs(web)) return await explainMounts(web)
  const pid = (await web.sh('head -n 1 nginx.pid')).trim()
  await web.visit('hello')
  const seen = await web.lab.until(async () => {
    for (const { name } of sharing) {
      if (pid && (await web.logLines(name)).includes(pid)) return { container: name, line: pid }
    }
    // A pod of later steps, in which the reader has made way for a sidecar that does more.
    return await web.printerOf('hello')
  })
  if (seen) return done(`logs ${web.name} -c ${seen.container}`, seen.line)
  const { name } = sharing[0]!
  const text = lastLines(await web.logLines(name))
  const because = `nginx’s own file holds the pid ${pid}, and container ${name} has not printed it`
  const hint = text.includes('No such file') ? HINTS.otherFolder : undefined
  return notYet(because, { evidence: { source: `logs ${web.name} -c ${name}`, text }, hint })
}

async function explainMounts(web: Webserver): Promise<Verdict> {
  const [mine, sidecar] = [mountsOf(web.nginx), web.others[0]!]
  const theirs = web.others.flatMap(mountsOf)
  const text = lastLines(await web.logLines(sidecar.name))
  const evidence = { source: `logs ${web.name} -c ${sidecar.name}`, text }
  if (web.sharing().length > 0) {
    const because = `nginx mounts the volume at ${mine.map(({ mountPath }) => mountPath).join(', ')}`
    return notYet(because, { evidence, hint: HINTS.nginxElsewhere })
  }
  const because = `container ${sidecar.name} can't see the files of container ${web.nginx.name}`
  if (mine.length === 0 && theirs.length > 0) return notYet(because, { evidence, hint: HINTS.sidecarOnly })
  if (mine.length > 0 && theirs.length === 0) return notYet(because, { evidence, hint: HINTS.nginxOnly })
  if (mine.length > 0) return notYet(because, { evidence, hint: HINTS.twoVolumes })
  return notYet(because, { evidence, hint: /^\d+$/.test(text) ? HINTS.ownNumber : undefined })
}

function coversLogs(web: Webserver): boolean {
  return mountsOf(web.nginx).some(({ mountPath }) => `${LOGS}/`.startsWith(`${mountPath}/`))
}

const HINTS = {
  sidecarOnly:
    'Only the sidecar mounts the volume, so it looks into an empty folder. nginx has to mount the same volume, where it writes its files.',
  nginxOnly:
    'Only nginx mounts the volume. The sidecar has to mount it too: a volume in the pod is in no container by itself.',
  twoVolumes:
    'These are two volumes, and each container has one for itself. Mount the same one, by its name, in both.',
  nginxElsewhere: `nginx writes its files to ${LOGS}. Mount the volume there, or the files stay in nginx’s own file system.`,
  otherFolder:
    'The volume is shared, and the sidecar looks for the file in another folder than its mountPath.',
  ownNumber:
    'The number in the log is the sidecar’s own: nothing is shared with nginx. Mount one volume in both containers.',
}
