/** Proves that the host's nginx, with our configuration, and its stand-in behave the same wherever a lesson looks. */
import { appendFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '#sandbox/until.ts'
import { binary, describeWith, type Need } from '#test/helpers/needs.ts'
import { ask, COMBINED, startNginx, startReal, startStandIn, type Start } from '#test/helpers/nginx.ts'
import { exchange, openRaw, waitForPort } from '#test/helpers/program.ts'

const variants: { name: string; needs: Need[]; start: Start }[] = [
  { name: 'the host’s nginx', needs: [binary('nginx')], start: startReal },
  { name: 'the stand-in', needs: [], start: startStandIn },
]

for (const { name, needs, start } of variants) {
  describeWith(needs, name, () => {
    it('keeps its own pid in nginx.pid, and removes the file when it ends', async () => {
      const { folder, program } = await startNginx(start)
      expect(readFileSync(join(folder, 'logs/nginx.pid'), 'utf8')).toBe(`${program.process.pid}\n`)
      program.process.kill('SIGTERM')
      expect(await program.exited).toBe(0)
      expect(existsSync(join(folder, 'logs/nginx.pid'))).toBe(false)
    })

    it('logs a request in the combined format, field by field', async () => {
      const { port, readLog } = await startNginx(start)
      const { status, body } = await ask(port, '/?a=1', {
        headers: {
          authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}`,
          referer: 'http://from.here/',
          'user-agent': 'a "quoted" \\ agent',
        },
      })
      expect(status).toBe(200)
      const [line = ''] = await readLog(1)
      expect(COMBINED.exec(line)?.groups).toMatchObject({
        address: '127.0.0.1',
        user: 'ann',
        request: 'GET /?a=1 HTTP/1.1',
        status: '200',
        bytes: String(body.length),
        referer: 'http://from.here/',
        agent: 'a \\x22quoted\\x22 \\x5C agent',
      })
      const loggedMs = Date.parse(line.replace(/.*\[(.*?):(.*)\].*/, '$1 $2').replaceAll('/', ' '))
      expect(Math.abs(Date.now() - loggedMs)).toBeLessThan(5_000)
    })

    it('logs what is not there as a dash', async () => {
      const { port, readLog } = await startNginx(start)
      await exchange(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      const [line = ''] = await readLog(1)
      expect(COMBINED.exec(line)?.groups).toMatchObject({ user: '-', referer: '-', agent: '-' })
    })

    it('serves files with their types, and index.html for a folder', async () => {
      const { port } = await startNginx(start)
      const root = await ask(port, '/')
      expect(root.body).toBe('<h1>index</h1>\n')
      expect(root.headers).toMatchObject({ 'content-type': 'text/html', 'content-length': '15' })
      expect(root.headers.server).toMatch(/^nginx\//)
      expect((await ask(port, '/sub/a%20b.txt')).body).toBe('text\n')
      expect((await ask(port, '/sub')).headers.location).toMatch(/\/sub\/$/)
    })

    it.each([
      ['/nowhere', 'GET', 404],
      ['/index.html/more', 'GET', 404],
      ['/sub/', 'GET', 403],
      ['/sub', 'GET', 301],
      ['/', 'POST', 405],
      ['/../../etc/passwd', 'GET', 400],
      ['/%2e%2e/%2e%2e/etc/passwd', 'GET', 400],
      ['/%00', 'GET', 400],
    ])('answers %s by %s with %i, and logs it', async (path, method, expected) => {
      const { port, readLog } = await startNginx(start)
      const { status, body } = await ask(port, path, { method })
      expect(status).toBe(expected)
      const [line = ''] = await readLog(1)
      const fields = {
        request: `${method} ${path} HTTP/1.1`,
        status: String(expected),
        bytes: String(body.length),
      }
      expect(COMBINED.exec(line)?.groups).toMatchObject(fields)
    })

    it('answers HEAD without a body, and logs 0 bytes', async () => {
      const { port, readLog } = await startNginx(start)
      const { status, body, headers } = await ask(port, '/', { method: 'HEAD' })
      expect({ status, body, length: headers['content-length'] }).toEqual({
        status: 200,
        body: '',
        length: '15',
      })
      expect(COMBINED.exec((await readLog(1))[0] ?? '')?.groups).toMatchObject({ status: '200', bytes: '0' })
    })

    it('answers what is no request with 400, and logs its line', async () => {
      const { port, readLog } = await startNginx(start)
      expect(await exchange(port, 'gar\\bage\r\n\r\n')).toMatch(/400 Bad Request/)
      expect(COMBINED.exec((await readLog(1))[0] ?? '')?.groups).toMatchObject({
        request: 'gar\\x5Cbage',
        status: '400',
      })
    })

    it('goes on in the renamed file until SIGUSR1, then begins a new one', async () => {
      const { folder, port, program, readLog } = await startNginx(start)
      const log = join(folder, 'logs/access.log')
      await ask(port, '/?n=1')
      await readLog(1)
      renameSync(log, `${log}.1`)
      await ask(port, '/?n=2')
      await until(() => readFileSync(`${log}.1`, 'utf8').includes('n=2'), { timeoutMs: 5_000 })
      expect(existsSync(log)).toBe(false)
      program.process.kill('SIGUSR1')
      expect(await until(() => existsSync(log), { timeoutMs: 5_000 })).toBe(true)
      // nginx's worker opens the new file a moment after its master, and until then writes to the old one.
      for (let n = 3; readFileSync(log, 'utf8') === ''; n++) await ask(port, `/?n=${n}`)
      const lines = [`${log}.1`, log].map((file) => readFileSync(file, 'utf8')).join('')
      const seen = [...lines.matchAll(/n=(\d+)/g)].map((match) => Number(match[1]))
      expect(seen).toEqual(seen.map((_, index) => index + 1))
      expect(program.stderr()).not.toContain('Debugger')
    })

    it('begins a truncated log at its first byte', async () => {
      const { folder, port, readLog } = await startNginx(start)
      await ask(port, '/?n=1')
      await readLog(1)
      truncateSync(join(folder, 'logs/access.log'))
      await ask(port, '/?n=2')
      const [line = ''] = await readLog(1)
      expect(line).toMatch(/^127\.0\.0\.1 .*n=2/)
    })

    it('adds to a log that is there', async () => {
      const { folder, port, program, readLog } = await startNginx(start)
      program.process.kill('SIGTERM')
      await program.exited
      appendFileSync(join(folder, 'logs/access.log'), 'an older line\n')
      start(folder, port)
      await waitForPort(port)
      await ask(port, '/')
      expect((await readLog(2))[0]).toBe('an older line')
    })

    it('says in error.log what it could not open', async () => {
      const { folder, port } = await startNginx(start)
      await ask(port, '/nowhere')
      const errors = () => readFileSync(join(folder, 'logs/error.log'), 'utf8')
      const path = join(folder, 'html/nowhere')
      const wanted = new RegExp(
        `^\\d{4}/\\d\\d/\\d\\d [\\d:]{8} \\[error\\] .*"${path}" failed \\(2: no such file or directory\\), client: 127\\.0\\.0\\.1,.* request: "GET /nowhere HTTP/1\\.1"`,
        'im',
      )
      await until(() => wanted.test(errors()), { timeoutMs: 5_000 })
      expect(errors()).toMatch(wanted)
    })

    it('ends at once on SIGTERM, with a client that still reads', async () => {
      const { port, program, folder } = await startNginx(start)
      await readSlowly(folder, port)
      const startedAt = performance.now()
      program.process.kill('SIGTERM')
      expect(await program.exited).toBe(0)
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    })

    it('lets a client that reads finish on SIGQUIT, takes no new one, then ends', async () => {
      const { port, program, folder } = await startNginx(start)
      const idle = await openRaw(port)
      idle.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await until(() => idle.received() !== '', { timeoutMs: 5_000 })
      const { socket, received, ended } = await readSlowly(folder, port)
      program.process.kill('SIGQUIT')
      await idle.ended
      await expect(ask(port, '/')).rejects.toThrow(/ECONNREFUSED|ECONNRESET/)
      socket.resume()
      await until(() => received().length > BIG, { timeoutMs: 10_000 })
      await ended
      expect(received().split('\r\n\r\n')[1]).toHaveLength(BIG)
      expect(await program.exited).toBe(0)
    })
  })
}

/** More than the buffers of one connection hold. */
const BIG = 20_000_000

async function readSlowly(folder: string, port: number): ReturnType<typeof openRaw> {
  writeFileSync(join(folder, 'html/big'), Buffer.alloc(BIG, 'x'))
  const connection = await openRaw(port)
  connection.socket.write('GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => connection.received() !== '', { timeoutMs: 5_000 })
  connection.socket.pause()
  return connection
}
