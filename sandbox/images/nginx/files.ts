/** What the stand-in for nginx answers: files below one folder, and nginx's own pages for what can't be served. */
import { readFileSync, statSync } from 'node:fs'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import { extname, join, posix } from 'node:path'
import { getSystemErrorMessage } from 'node:util'

/** `nginx/…` like any nginx's, and honest. */
export const serverName = 'nginx/stand-in'

/** An answer before it is sent. */
export interface Answer {
  status: number
  /** Names and values in turn, without Content-Length. */
  headers: string[]
  body: Buffer
  /** What nginx would write to its error log. */
  problem?: string
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'application/javascript',
  '.json': 'application/json',
  '.txt': 'text/plain',
}

/** The file that a request asks for, or an error page. Never throws. */
export function findAnswer(root: string, request: IncomingMessage): Answer {
  const path = readPath(request.url ?? '')
  const { host } = request.headers
  if (path === undefined || (host === undefined && request.httpVersion === '1.1')) return errorPage(400)
  if (request.method !== 'GET' && request.method !== 'HEAD') return errorPage(405)
  const file = join(root, path)
  try {
    if (!statSync(file).isDirectory()) return fileAnswer(file)
    if (!path.endsWith('/')) return { ...errorPage(301), headers: ['Location', `http://${host}${path}/`] }
    const index = join(file, 'index.html')
    if (statSync(index, { throwIfNoEntry: false })) return fileAnswer(index)
    return { ...errorPage(403), problem: `directory index of "${file}" is forbidden` }
  } catch (error) {
    const { code = '', errno = 0 } = error as NodeJS.ErrnoException
    const status = { ENOENT: 404, ENOTDIR: 404, EACCES: 403 }[code] ?? 500
    return {
      ...errorPage(status),
      problem: `open() "${file}" failed (${-errno}: ${getSystemErrorMessage(errno)})`,
    }
  }
}

/** The page that nginx makes for a status. */
export function errorPage(status: number): Answer {
  const title = `${status} ${status === 405 ? 'Not Allowed' : STATUS_CODES[status]}`
  const lines = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    `<hr><center>${serverName}</center>`,
    '</body>',
    '</html>',
  ]
  return { status, headers: ['Content-Type', 'text/html'], body: Buffer.from(`${lines.join('\r\n')}\r\n`) }
}

function fileAnswer(file: string): Answer {
  const headers = ['Content-Type', types[extname(file)] ?? 'application/octet-stream']
  headers.push('Last-Modified', statSync(file).mtime.toUTCString())
  return { status: 200, headers, body: readFileSync(file) }
}

/** Decoded and without the query; undefined when it can't be read or leads out of the root, as nginx has it. */
function readPath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.replace(/^https?:\/\/[^/]*/i, '').replace(/[?#].*/s, ''))
    // Made relative, a path that leads out keeps its dots.
    const relative = posix.normalize(path.replace(/^\/+/, './'))
    const isBad = !path.startsWith('/') || path.includes('\0') || /^\.\.(\/|$)/.test(relative)
    return isBad ? undefined : posix.normalize(path)
  } catch {
    return undefined
  }
}
