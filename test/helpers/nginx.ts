/** Starts nginx for a test, the host's or the stand-in, on a port and in folders of the test's own. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { until } from '#sandbox/until.ts'
import { freePort, programPath, startProcess, waitForPort, type Program } from './program.ts'
import { temporaryFolder } from './temp-folder.ts'

/** Starts one of the two; `folder` has html/ and logs/. */
export type Start = (folder: string, port: number) => Program

/** A line of the combined log format, field by field. */
export const COMBINED =
  /^(?<address>\S+) - (?<user>\S+) \[(?<time>\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(?<request>[^"]*)" (?<status>\d{3}) (?<bytes>\d+) "(?<referer>[^"]*)" "(?<agent>[^"]*)"$/

/** Waits until it listens and has written its pid; `readLog` waits for that many lines of access.log. */
export async function startNginx(start: Start) {
  const folder = temporaryFolder({ 'html/index.html': '<h1>index</h1>\n', 'html/sub/a b.txt': 'text\n' })
  mkdirSync(join(folder, 'logs'))
  const port = await freePort()
  const program = start(folder, port)
  await waitForPort(port)
  const hasPid = await until(() => existsSync(join(folder, 'logs/nginx.pid')), { timeoutMs: 5_000 })
  if (!hasPid) throw new Error(`no pid file: ${program.stderr()}`)
  async function readLog(count: number): Promise<string[]> {
    const read = () => readFileSync(join(folder, 'logs/access.log'), 'utf8').split('\n').slice(0, -1)
    // nginx logs when its answer is out, so the line may come a moment later.
    await until(() => read().length >= count, { timeoutMs: 5_000 })
    return read()
  }
  return { folder, port, program, readLog }
}

/** openresty.conf as it is, but for a port and folders of the test's own. */
export function startReal(folder: string, port: number): Program {
  const images = join(programPath('nginx'), '..')
  const replaced = [
    ['/opt/sh/openresty/nginx/logs', join(folder, 'logs')],
    ['/app/site.conf', join(folder, 'site.conf')],
    ['/run/html', join(folder, 'html')],
    ['/tmp/nginx-', join(folder, 'nginx-')],
    ['listen 80;', `listen 127.0.0.1:${port};`],
  ] as const
  for (const name of ['openresty.conf', 'site.conf']) {
    const text = readFileSync(join(images, name), 'utf8')
    writeFileSync(
      join(folder, name),
      replaced.reduce((result, [from, to]) => result.replaceAll(from, to), text),
    )
  }
  return startProcess('nginx', ['-e', 'stderr', '-c', join(folder, 'openresty.conf'), '-g', 'daemon off;'])
}

/** The stand-in, told by its environment what start.sh would tell it. */
export function startStandIn(folder: string, port: number): Program {
  return startProcess(process.execPath, [programPath('nginx')], {
    NGINX_LISTEN: `127.0.0.1:${port}`,
    NGINX_PID_FILE: join(folder, 'logs/nginx.pid'),
    NGINX_LOG_FOLDER: join(folder, 'logs'),
    NGINX_ROOT: join(folder, 'html'),
  })
}

/** One request on a connection of its own; the body has one character for each byte. */
export function ask(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
) {
  return new Promise<{ status: number; headers: Record<string, string | undefined>; body: string }>(
    (resolve, reject) => {
      request({ host: '127.0.0.1', port, path, agent: false, ...options }, async (response) => {
        const body = (await buffer(response)).toString('latin1')
        const headers = response.headers as Record<string, string | undefined>
        resolve({ status: response.statusCode ?? 0, headers, body })
      })
        .on('error', reject)
        .end()
    },
  )
}
