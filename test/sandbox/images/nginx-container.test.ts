/** Proves that both images of nginx run in real containers: for root and for a user, with the host's nginx and without. */
import { chownSync, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { RunRequest, RunResult } from '#test/fixtures/run-image.ts'
import { binary, describeWith, root, type Need } from '#test/helpers/needs.ts'
import { startProcess } from '#test/helpers/program.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const FIXTURE = fileURLToPath(new URL('../../fixtures/run-image.ts', import.meta.url))
const NOBODY = 65_534
const LOGS = '/opt/sh/openresty/nginx/logs'

const realPath = process.env.PATH ?? ''
const pathWithoutNginx = realPath
  .split(delimiter)
  .filter((folder) => !existsSync(join(folder, 'nginx')))
  .join(delimiter)

const isolation = [binary('unshare', 'apt-get install util-linux'), binary('ip', 'apt-get install iproute2')]
const people: { who: string; needs: Need[]; asUser: boolean }[] = [
  { who: 'root', needs: [root], asUser: false },
  {
    who: 'a user',
    needs: root.present ? [binary('setpriv', 'apt-get install util-linux')] : [],
    asUser: true,
  },
]
const variants: { what: string; needs: Need[]; path: string }[] = [
  { what: 'the host’s nginx', needs: [binary('nginx')], path: realPath },
  { what: 'the stand-in', needs: [], path: pathWithoutNginx },
]

// The server may need a moment: a shell loop in the container waits for its pid file, for five seconds at most.
const untilUp = (pidFile: string) => `for i in $(seq 500); do [ -s ${pidFile} ] && break; sleep 0.01; done`
const GET = `node -e "fetch('http://127.0.0.1/').then((r) => r.text()).then(console.log)"`

for (const { who, needs: needsOfWho, asUser } of people) {
  for (const { what, needs: needsOfWhat, path } of variants) {
    describeWith([...isolation, ...needsOfWho, ...needsOfWhat], `${what} in a container of ${who}`, () => {
      it('as ttbb/nginx:mate keeps pid file and logs in the volume', async () => {
        const { variant, outputs, exitCode, endedInMs, log } = await run(asUser, {
          image: 'ttbb/nginx:mate',
          path,
          volumeAt: LOGS,
          commands: [untilUp(`${LOGS}/nginx.pid`), `cat ${LOGS}/nginx.pid`, GET, `cat ${LOGS}/access.log`],
        })
        expect(variant).toBe(`openresty/${variants.findIndex((known) => known.what === what)}`)
        expect(outputs[1]).toBe('1\n')
        expect(outputs[2]).toContain('<h1>')
        expect(outputs[3]).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 \d+ "-" "node"\n$/)
        expect(log).toBe('')
        expect(exitCode).toBe(0)
        expect(endedInMs).toBeLessThan(1_000)
      })

      it('as ttbb/nginx:mate has its folder without a volume too', async () => {
        const { outputs } = await run(asUser, {
          image: 'ttbb/nginx:mate',
          path,
          commands: [untilUp(`${LOGS}/nginx.pid`), `ls ${LOGS}`],
        })
        expect(outputs[1]).toBe('access.log\nerror.log\nnginx.pid\n')
      })

      it('as nginx logs to the container’s output', async () => {
        const { outputs, log } = await run(asUser, {
          image: 'nginx',
          path,
          commands: [
            untilUp('/run/nginx.pid'),
            GET,
            'readlink /var/log/nginx/access.log /var/log/nginx/error.log',
          ],
        })
        expect(outputs[2]).toBe('/dev/stdout\n/dev/stderr\n')
        expect(log).toMatch(/ stdout F 127\.0\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 /)
        expect(log).toMatch(/ stderr F .* \[notice\] .*start worker processes/)
      })

      it('as nginx logs to files in a volume over /var/log/nginx', async () => {
        const { outputs, log } = await run(asUser, {
          image: 'nginx:1.28',
          path,
          volumeAt: '/var/log/nginx',
          commands: [untilUp('/run/nginx.pid'), GET, 'cat /var/log/nginx/access.log'],
        })
        expect(outputs[2]).toMatch(/"GET \/ HTTP\/1\.1" 200 /)
        expect(log).toBe('')
      })

      it('as nginx serves a volume over /usr/share/nginx/html', async () => {
        const { outputs } = await run(asUser, {
          image: 'nginx',
          path,
          volumeAt: '/usr/share/nginx/html',
          files: { 'index.html': 'from the volume' },
          commands: [untilUp('/run/nginx.pid'), GET],
        })
        expect(outputs[1]).toBe('from the volume\n')
      })
    })
  }
}

async function run(asUser: boolean, request: RunRequest): Promise<RunResult> {
  const folder = temporaryFolder()
  const isNobody = asUser && root.present
  if (isNobody) chownSync(folder, NOBODY, NOBODY)
  const chain = [
    ...(isNobody ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []),
    ...`unshare ${asUser ? '-Urnm' : '-nm'} --pid --fork --kill-child --mount-proc sh -c`.split(' '),
    '"$@" & wait $!',
    'sh',
    process.execPath,
    FIXTURE,
    folder,
    JSON.stringify(request),
  ]
  const [file = '', ...args] = chain
  const program = startProcess(file, args)
  const exit = await program.exited
  if (exit !== 0) throw new Error(`${chain.join(' ')} ended with ${exit}: ${program.stderr()}`)
  return JSON.parse(program.stdout()) as RunResult
}
