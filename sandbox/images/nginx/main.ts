/**
 * A stand-in for nginx on machines without it: serves files, writes the same pid file and the same logs, and obeys
 * the same signals. It reads no nginx.conf.
 *
 * Environment: NGINX_LISTEN (0.0.0.0:80), NGINX_PID_FILE, NGINX_LOG_FOLDER, NGINX_ROOT (/run/html).
 */
import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { errorPage, findAnswer, serverName, type Answer } from './files.ts'
import { formatAccess, formatError, openLog } from './log.ts'

function handle(request: IncomingMessage, response: ServerResponse): void {
  const answer = findAnswer(root, request)
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`
  const { remoteAddress = '-' } = request.socket
  if (answer.problem) {
    const host = request.headers.host ?? ''
    logError('error', `${answer.problem}, client: ${remoteAddress}, request: "${line}", host: "${host}"`)
  }
  const body = request.method === 'HEAD' ? Buffer.alloc(0) : answer.body
  // Before the answer ends, so that whoever has read the answer finds the line.
  logAccess(remoteAddress, line, answer.status, body.length, request.headers)
  response.sendDate = false
  response.writeHead(answer.status, headersOf(answer, response.shouldKeepAlive))
  // Ended when the last byte is out, since Node takes an ended answer for a sent one when it closes the server.
  response.write(body, () => response.end(() => server.listening || server.closeIdleConnections()))
}

/** What node:http can't read gets nginx's answer to it; a client that has gone gets none. */
function refuse(error: Error & { rawPacket?: Buffer }, socket: Duplex & { remoteAddress?: string }): void {
  if (!error.rawPacket || !socket.writable) {
    socket.destroy()
    return
  }
  const answer = errorPage(400)
  const [line = ''] = error.rawPacket.toString('latin1').split(/\r?\n/)
  logAccess(socket.remoteAddress ?? '-', line, answer.status, answer.body.length, {})
  const headers = headersOf(answer, false).map((text, at) => text + (at % 2 === 0 ? ': ' : '\r\n'))
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 400 Bad Request\r\n${headers.join('')}\r\n`), answer.body]))
}

function headersOf(answer: Answer, isKeptAlive: boolean): string[] {
  const first = ['Server', serverName, 'Date', new Date().toUTCString()]
  const last = [
    'Content-Length',
    String(answer.body.length),
    'Connection',
    isKeptAlive ? 'keep-alive' : 'close',
  ]
  return [...first, ...answer.headers, ...last]
}

function logAccess(
  remoteAddress: string,
  request: string,
  status: number,
  bodyBytesSent: number,
  headers: IncomingHttpHeaders,
): void {
  const [scheme, credentials = ''] = headers.authorization?.split(' ') ?? []
  const isBasic = scheme?.toLowerCase() === 'basic'
  const remoteUser = isBasic ? Buffer.from(credentials, 'base64').toString('latin1').split(':')[0] : undefined
  const { referer, 'user-agent': userAgent } = headers
  const entry = { remoteAddress, remoteUser, request, status, bodyBytesSent, referer, userAgent }
  accessLog.write(formatAccess(entry, new Date()))
}

function logError(level: 'notice' | 'error', message: string): void {
  errorLog.write(formatError(level, message, new Date()))
}

function reopenLogs(): void {
  logError('notice', 'reopening logs')
  try {
    accessLog.reopen()
    errorLog.reopen()
  } catch (error) {
    logError('error', String(error))
  }
}

function exit(): never {
  logError('notice', 'exit')
  rmSync(pidFile, { force: true })
  process.exit(0)
}

function fail(message: string): never {
  process.stderr.write(`nginx: [emerg] ${message}\n`)
  process.exit(1)
}

function readSetting(name: string, fallback?: string): string {
  return process.env[name] ?? fallback ?? fail(`${name} is not set: write a path`)
}

function open(path: string): ReturnType<typeof openLog> {
  try {
    return openLog(path)
  } catch (error) {
    return fail(`open() "${path}" failed: ${String(error)}`)
  }
}

// As nginx: TERM and INT end at once, QUIT when all answers are out, USR1 and HUP open the logs anew.
process.on('SIGTERM', exit)
process.on('SIGINT', exit)
process.on('SIGQUIT', () => server.close(exit))
process.on('SIGUSR1', reopenLogs)
process.on('SIGHUP', reopenLogs)

const pidFile = readSetting('NGINX_PID_FILE')
const logFolder = readSetting('NGINX_LOG_FOLDER')
const root = readSetting('NGINX_ROOT', '/run/html')
const listen = readSetting('NGINX_LISTEN', '0.0.0.0:80')
const [, host, port] = /^(.*):(\d+)$/.exec(listen) ?? fail(`NGINX_LISTEN is "${listen}": write HOST:PORT`)
const accessLog = open(`${logFolder}/access.log`)
const errorLog = open(`${logFolder}/error.log`)

const server = createServer({ keepAliveTimeout: 75_000, requireHostHeader: false }, handle)
server.on('clientError', refuse)
server.on('error', (error) => fail(`bind() to ${listen} failed: ${error.message}`))
server.listen(Number(port), host, () => {
  writeFileSync(pidFile, `${process.pid}\n`)
  logError('notice', 'start worker processes')
})
