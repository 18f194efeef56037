/** Judges the first step: an app that is not root writes to a book that is its own, and nobody else's. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { ContainerStatus } from '#sandbox/objects.ts'
import { mountsOf, type Guestbook, type Judge } from './guestbook.ts'

/** Done when an entry of this run lies in a file that the app's user may write and the world may not. */
export const owner: Judge = { judge, explainInit, explainEnd }

async function judge(guestbook: Guestbook): Promise<Verdict> {
  const { lab, app, name } = guestbook
  const user = await guestbook.run('id', '-u')
  if (user === '0') {
    const evidence = { source: `exec ${name} -c ${app.name} -- id -u`, text: user }
    return notYet('the app runs as root', { evidence, hint: HINTS.root })
  }
  const entry = `${lab.nonce} was here`
  await guestbook.add(entry)
  const { restartCount = 0 } = (await guestbook.statuses()).get(app.name) ?? {}
  const before = restartCount > 0 ? await guestbook.logLines(app.name) : []
  if (before.some((line) => line.includes('EACCES'))) {
    const evidence = guestbook.lastWords(app.name, before)
    return notYet('the app started before its book was ready, and crashed', { evidence, hint: HINTS.beside })
  }
  const folders = mountsOf(app).map(({ mountPath }) => mountPath)
  const listing = await guestbook.run('sh', '-c', LIST, 'sh', entry, ...folders)
  const source = `exec ${name} -c ${app.name} -- stat`
  if (!listing) return notYet(`the entry “${entry}” is in none of the files under ${folders.join(', ')}`)
  const open = listing.split('\n').find(isOpenToAll)
  if (open) {
    return notYet('everybody may write to the book', { evidence: { source, text: open }, hint: HINTS.sloppy })
  }
  return done(source, `${listing.split('\n').at(-1)}\n${await guestbook.timeline()}`)
}

async function explainInit(guestbook: Guestbook, init: ContainerStatus): Promise<Verdict> {
  return await guestbook.failure(init, (text) => {
    if (/Operation not permitted|EPERM/.test(text)) return HINTS.notRoot
    if (/Invalid argument|EINVAL/.test(text)) return HINTS.noIds
    if (!/No such file|ENOENT/.test(text)) return undefined
    const own = guestbook.inits.find(({ name }) => name === init.name)
    const shared = new Set(mountsOf(guestbook.app).map(({ name }) => name))
    return own && mountsOf(own).some(({ name }) => shared.has(name)) ? HINTS.tooEarly : HINTS.notMounted
  })
}

function explainEnd({ pod, inits }: Guestbook, lines: string[]): string | undefined {
  if (!lines.some((line) => line.includes('EACCES'))) return undefined
  if (pod.spec.containers.length > 1) return HINTS.beside
  if (inits.length > 1) return HINTS.notAll
  return pod.spec.securityContext?.fsGroup === undefined ? undefined : HINTS.fsGroup
}

/** Lines such as `755 0 /data/book`: octal mode, owner, path. */
function isOpenToAll(line: string): boolean {
  return (Number.parseInt(line, 8) & 0o002) !== 0
}

/** Mode, owner and path of the folder of the file that holds the entry, and of the file. */
const LIST = `entry=$1; shift; file=$(grep -rlF -- "$entry" "$@" 2>/dev/null | head -n 1)
  [ -n "$file" ] && stat -c '%a %u %n' "$(dirname "$file")" "$file"`

const HINTS = {
  root: 'As root the app may write anywhere, and so may whoever breaks into it. Leave it user 1000, and let an init container, which is over by then, do what takes root.',
  beside:
    'Containers under spec.containers start without waiting for each other, so this was a race. Whatever has to be over before the app starts belongs under spec.initContainers.',
  sloppy:
    'It works, and now any user in any container that mounts this volume may rewrite the book. Give it to user 1000 with chown -R, and leave nothing to the rest of the world.',
  notRoot:
    'Giving a file away takes root, and this container runs as somebody else. A securityContext of the pod holds for init containers too: set runAsUser: 0 in the one that prepares, and in no other.',
  noIds:
    'The cluster knows no user 1000 here, since an ordinary user started it who has no ids to give. Install uidmap and add a range to /etc/subuid and /etc/subgid, or start the cluster as root.',
  tooEarly:
    'What it is to prepare was not there yet. Init containers run from top to bottom: put it below the one that makes the book.',
  notMounted:
    'It looked into its own file system. An init container sees a volume only where it mounts it, like any other container.',
  notAll:
    'The app still may not write to it. A folder and the files in it each have an owner and a mode of their own: change all of them, with -R.',
  fsGroup:
    'fsGroup is applied once, when the volume is mounted. The book was written after that, by root and with mode 644. What an init container made, an init container has to mend.',
}
