/** What the stand-in for nginx writes to its two log files, and when it lets go of them. */
import { closeSync, openSync, writeSync } from 'node:fs'

/** A file that is only ever appended to, through one descriptor, as nginx does it. */
export interface LogFile {
  /** Returns when the line is in the file. After a rename it goes to the renamed file. */
  write(line: string): void
  /** Opens the path anew, and makes the file if it is not there. */
  reopen(): void
}

/** Opens a log; throws when that is impossible. Opened to append, so that a truncated log begins at byte 0 again. */
export function openLog(path: string): LogFile {
  let descriptor = openSync(path, 'a', 0o644)
  return {
    write(line) {
      try {
        writeSync(descriptor, `${line}\n`)
      } catch {
        // A full disk costs log lines, never answers: nginx goes on too.
      }
    },
    reopen() {
      const next = openSync(path, 'a', 0o644)
      closeSync(descriptor)
      descriptor = next
    },
  }
}

/** One answered request, in nginx's variables. */
export interface AccessEntry {
  remoteAddress: string
  remoteUser: string | undefined
  /** The request line as it came. */
  request: string
  status: number
  bodyBytesSent: number
  referer: string | undefined
  userAgent: string | undefined
}

/** A line of nginx's format `combined`, https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format. */
export function formatAccess(entry: AccessEntry, at: Date): string {
  const { remoteAddress, status, bodyBytesSent } = entry
  const user = escapeVariable(entry.remoteUser)
  const quoted = [entry.referer, entry.userAgent].map((value) => `"${escapeVariable(value)}"`).join(' ')
  const request = escapeVariable(entry.request)
  return `${remoteAddress} - ${user} [${formatLocalTime(at)}] "${request}" ${status} ${bodyBytesSent} ${quoted}`
}

/** A line of nginx's error log. */
export function formatError(level: 'notice' | 'error', message: string, at: Date): string {
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join('/')
  return `${day} ${formatTime(at)} [${level}] ${process.pid}#${process.pid}: ${message}`
}

/** Absent is a dash, and what could break the line's form is written as \xXX. */
function escapeVariable(value: string | undefined): string {
  if (!value) return '-'
  // Node reads headers as latin1, so a character is a byte.
  return value.replace(/["\\]|[^ -~]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `$time_local`: 22/Nov/2026:16:00:25 +0000 */
function formatLocalTime(at: Date): string {
  const offset = -at.getTimezoneOffset()
  const zone = twoDigits(Math.floor(Math.abs(offset) / 60)) + twoDigits(Math.abs(offset) % 60)
  const day = `${twoDigits(at.getDate())}/${months[at.getMonth()]}/${at.getFullYear()}`
  return `${day}:${formatTime(at)} ${offset < 0 ? '-' : '+'}${zone}`
}

function formatTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':')
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
