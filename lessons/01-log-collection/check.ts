/** Judges lesson 1: each check sends requests of its own and looks where their lines come out, and how often. */
import { done, notYet, type Checks, type Verdict } from '#sandbox/course/check.ts'
import {
  DIES_WITHOUT_FILE,
  READS_ONCE,
  explainEnd,
  explainSilence,
  isCrashOverMissingFile,
  judgeOnce,
  lastLines,
} from './shipping.ts'
import { judgeShare } from './sharing.ts'
import { judgeRestart } from './restart.ts'
import { hasCrashed, onWebserver, type Shipper, type Webserver } from './webserver.ts'

export const checks = {
  share: onWebserver(judgeShare),
  ship: onShipper(judgeShip),
  wait: onShipper(judgeWait),
  rotate: onShipper(judgeRotate),
  truncate: onShipper(judgeTruncate),
  restart: onShipper(judgeRestart),
} satisfies Checks

/** Each step from the second on needs a container that ships; where there is none, all of them say so. */
function onShipper(judge: (web: Webserver, shipper: Shipper) => Promise<Verdict>) {
  return onWebserver(async (web) => {
    const shipper = await web.findShipper()
    return shipper ? await judge(web, shipper) : await explainSilence(web)
  })
}

async function judgeShip(web: Webserver, { container }: Shipper): Promise<Verdict> {
  await web.visit('second')
  const requests = await web.count(container, web.marks('hello', 'second'))
  const fault = judgeOnce(web, container, requests, { repeated: HINTS.fromTheTop, missing: READS_ONCE })
  if (fault) return (await explainEnd(web, container)) ?? fault
  const [printed, own] = [requests.get(web.mark('hello'))![0]!, await web.ownLine('hello')]
  const source = `logs ${web.name} -c ${container}`
  if (printed !== own) {
    const because = `nginx wrote “${own}”, and the sidecar printed something else`
    return notYet(because, { evidence: { source, text: printed }, hint: HINTS.altered })
  }
  await web.sh(TORN, web.mark('torn'))
  const expected = await web.ownLine('torn')
  const seen = await web.count(container, web.marks('hello', 'second', 'torn'))
  const text = seen.get(web.mark('torn'))!.join('\n')
  const again = judgeOnce(web, container, seen, { repeated: HINTS.fromTheTop, missing: HINTS.tornLine })
  if (again) return (await explainEnd(web, container)) ?? again
  if (text === expected) return done(source, `${printed}\n${text}`)
  const hint = text.endsWith('au lait') ? HINTS.tornCharacter : HINTS.tornLine
  return notYet(`the line “${expected}”, written in two goes, came out otherwise`, {
    evidence: { source, text },
    hint,
  })
}

async function judgeWait(web: Webserver, { container }: Shipper): Promise<Verdict> {
  const before = await web.status(container)
  if (hasCrashed(before) && isCrashOverMissingFile(await web.logLines(container))) {
    return crashed(web, container)
  }
  // An earlier run may have been interrupted while the file was away.
  await web.sh('[ -e access.log ] || mv access.log.hidden access.log; mv access.log access.log.hidden')
  let hasEnded: boolean | undefined
  try {
    await web.visit('hidden')
    hasEnded = await web.lab.until(
      async () => {
        const now = await web.status(container)
        return now?.restartCount !== before?.restartCount || now?.state?.running === undefined
      },
      { timeoutMs: 600 },
    )
  } finally {
    await web.sh('mv access.log.hidden access.log')
  }
  if (hasEnded) return crashed(web, container)
  await web.visit('back')
  const seen = await web.count(container, web.marks('hello', 'hidden', 'back'))
  const hints = { repeated: HINTS.sameFile, missing: HINTS.notLookedAgain }
  const fault = judgeOnce(web, container, seen, hints)
  return fault ?? done(`logs ${web.name} -c ${container}`, seen.get(web.mark('back'))![0]!)
}

async function crashed(web: Webserver, container: string): Promise<Verdict> {
  const lines = await web.logLines(container)
  const evidence = isCrashOverMissingFile(lines)
    ? { source: `logs ${web.name} -c ${container} --previous`, text: lastLines(lines) }
    : { source: `pod ${web.name} .status.containerStatuses`, text: `${container} has ended` }
  return notYet('the sidecar ended while access.log was not there', { evidence, hint: DIES_WITHOUT_FILE })
}

async function judgeRotate(web: Webserver, { container }: Shipper): Promise<Verdict> {
  const before = await web.status(container)
  await web.visit('before')
  await web.visit('more')
  await web.count(container, web.marks('more'))
  await web.sh('mv access.log access.log.1')
  await web.visit('renamed')
  await web.sh(REOPEN, `${web.mark('last')}written at the last moment`)
  // nginx's workers open the new file a moment after its master has made it.
  let tag = 'after-1'
  for (let request = 1; request <= 20; request++) {
    tag = `after-${request}`
    await web.visit(tag)
    if (await web.sh('grep -F -- "$1" access.log', web.mark(tag))) break
  }
  const seen = await web.count(container, web.marks('hello', 'before', 'more', 'renamed', 'last', tag))
  if ((await web.status(container))?.restartCount !== before?.restartCount) return crashed(web, container)
  const isThere = (each: string) => seen.get(web.mark(each))!.length > 0
  const lostHint = isThere('renamed') && isThere('last') ? HINTS.oldFile : HINTS.carriedOver
  const fault = judgeOnce(web, container, seen, {
    repeated: HINTS.rotatedTwice,
    missing: isThere(tag) ? HINTS.unfinished : lostHint,
  })
  return fault ?? done(`logs ${web.name} -c ${container}`, seen.get(web.mark(tag))![0]!)
}

async function judgeTruncate(web: Webserver, { container }: Shipper): Promise<Verdict> {
  for (const tag of ['one', 'two', 'three']) await web.visit(tag)
  const earlier = web.marks('hello', 'one', 'two', 'three')
  const fault = judgeOnce(web, container, await web.count(container, earlier), {})
  if (fault) return fault
  await web.sh(CUT, `${web.mark('cut')}written right after the cut`)
  await web.visit('fresh')
  await web.count(container, web.marks('fresh'))
  await web.visit('later')
  await web.count(container, web.marks('later'), 1_500)
  const seen = await web.count(container, [...earlier, ...web.marks('cut', 'fresh', 'later')], 0)
  const isLaterThere = seen.get(web.mark('later'))!.length > 0
  const hints = { repeated: HINTS.copyShipped, missing: isLaterThere ? HINTS.skipped : HINTS.beyondTheEnd }
  const verdict = judgeOnce(web, container, seen, hints)
  return verdict ?? done(`logs ${web.name} -c ${container}`, seen.get(web.mark('fresh'))![0]!)
}

/** One line in two writes, torn in the middle of a character of two bytes. */
const TORN = `printf '%scup of caf\\303' "$1" >> access.log; sleep 0.3; printf '\\251 au lait\\n' >> access.log`

/** As logrotate's copytruncate: a fresh copy, then the file itself becomes empty; and at once the next line. */
const CUT = `rm -f access.log.1; cp access.log access.log.1; : > access.log; printf '%s\\n' "$1" >> access.log`

/** Writes one more line to the renamed file, has nginx open its logs anew, and waits for the new file. */
const REOPEN = `printf '%s\\n' "$1" >> access.log.1; kill -USR1 $(head -n 1 nginx.pid)
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e access.log ] && break; sleep 0.05; done`

const HINTS = {
  fromTheTop:
    'Each look at the file starts from its first byte. Keep the number of bytes that are shipped, and read from there.',
  altered:
    'Ship the line as it is, with nothing before or after it. Whoever reads the log further on knows nginx’s format, not yours.',
  tornLine:
    'Half a line was taken for a whole one. Print up to the last newline that you have read, and leave the rest in the file until its end is there too.',
  tornCharacter:
    'A character of two bytes was torn, and each half was decoded alone. Look for the newline in the bytes, and pass the bytes on as they are.',
  sameFile:
    'It is the same file that came back, with the same inode. Go on where you were in it; start at 0 for another file only.',
  notLookedAgain:
    'After the file had been away, nothing of it was shipped any more. Look again at every poll, also after a look in vain.',
  oldFile:
    'The old file is still held open, so nothing of the new one is seen. Compare the inode behind the name access.log with that of the file you read.',
  carriedOver:
    'The offset of the old file was used in the new one. Another inode is another file: read the old one to its end, then start at 0.',
  unfinished:
    'The turn to the new file came too early: what nginx wrote to the renamed file is missing. Keep the old file open, and read it to its end first.',
  rotatedTwice:
    'A line came out more than once. A file that was renamed is not a new file: know it again by its inode.',
  beyondTheEnd:
    'The file is shorter now than your offset, and you are waiting behind its end. Where size is less than offset, start again at 0.',
  skipped:
    'After the cut you went on at the end of the file, and what was written in between is missing. Start again at 0: all that is in it now is new.',
  copyShipped:
    'Lines came out twice. access.log.1 is a copy of what you have shipped, and access.log is still the same file.',
}
