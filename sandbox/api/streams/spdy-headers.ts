/** Header blocks of SPDY/3.1: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/#TOC-2.6.10-Name-Value-Header-Block */
import { constants, createInflate, deflateRawSync, deflateSync } from 'node:zlib'

/** Names in lower case. */
export type SpdyHeaders = Readonly<Record<string, string>>

/** What one block may unpack to; those of kubectl have less than 100 bytes. */
const MAX_BLOCK_BYTES = 64 * 1024

/** Unpacks the blocks of one connection, in the order in which they came. Throws for what is no header block. */
export function createHeaderReader(): { read(block: Buffer): Promise<SpdyHeaders>; close(): void } {
  const inflate = createInflate({ dictionary: SPDY_DICTIONARY })
  let unpacked: Buffer[] = []
  let size = 0
  // What can't be unpacked ends the inflater, without a word to whoever waits for a write.
  const broken = new Promise<never>((_, reject) => inflate.on('error', reject))
  broken.catch(() => undefined)
  inflate.on('data', (chunk: Buffer) => {
    unpacked.push(chunk)
    size += chunk.length
    if (size > MAX_BLOCK_BYTES) inflate.destroy(new Error('a header block of more than 64 KiB'))
  })
  return {
    async read(block) {
      ;[unpacked, size] = [[], 0]
      await Promise.race([broken, new Promise<void>((resolve) => inflate.write(block, () => resolve()))])
      return parse(Buffer.concat(unpacked))
    },
    close: () => void inflate.destroy(),
  }
}

/** Packs blocks without headers, which is all that a server of streams answers with. */
export function createEmptyHeaderWriter(): () => Buffer {
  const none = Buffer.alloc(4)
  const options = { finishFlush: constants.Z_SYNC_FLUSH }
  let isFirst = true
  return () => {
    // A block that refers to nothing before it continues any stream that was flushed.
    const block = isFirst
      ? deflateSync(none, { ...options, dictionary: SPDY_DICTIONARY })
      : deflateRawSync(none, options)
    isFirst = false
    return block
  }
}

function parse(block: Buffer): SpdyHeaders {
  let at = 0
  const readNumber = () => block.readUInt32BE((at += 4) - 4)
  const readText = () => {
    const length = readNumber()
    if (at + length > block.length) throw new Error('a header that ends after its block')
    return block.toString('utf8', at, (at += length))
  }
  const count = readNumber()
  const headers: [string, string][] = []
  for (let index = 0; index < count; index++) headers.push([readText().toLowerCase(), readText()])
  return Object.fromEntries(headers)
}

const WORDS =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
  'authorization cache-control connection content-base content-encoding content-language content-length ' +
  'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
  'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
  'user-agent vary via warning www-authenticate method get status'
const LAST_WORDS = ['200 OK', 'version', 'HTTP/1.1', 'url', 'public', 'set-cookie', 'keep-alive', 'origin']
const TEXT =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'
/** What both ends' compression begins with: words behind their lengths, then loose text. */
export const SPDY_DICTIONARY = Buffer.concat([
  ...[...WORDS.split(' '), ...LAST_WORDS].flatMap((word) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(word.length)
    return [length, Buffer.from(word)]
  }),
  Buffer.from(TEXT),
])
