/** Who may talk to the API server over a socket: holders of a token, and no web page. There are no roles: whoever may talk may do everything. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { StatusError } from './status.ts'

/** Open to anyone, as Kubernetes' role system:public-info-viewer has it. */
const PUBLIC_PATHS = new Set(['/readyz', '/livez', '/healthz', '/version'])

/** The headers that decide, and the path without its query. */
export interface Caller {
  path: string
  host: string | undefined
  origin: string | undefined
  authorization: string | undefined
}

/** Why a caller is refused; `undefined` for one with the administrator's token, or one that `acceptsToken` knows. */
export function refuseCaller(
  caller: Caller,
  token: string,
  acceptsToken: (token: string) => boolean = () => false,
): StatusError | undefined {
  if (caller.origin !== undefined) {
    return new StatusError(403, 'Forbidden', `requests from web pages are refused (Origin: ${caller.origin})`)
  }
  // A name that an attacker's DNS points at 127.0.0.1 would pass every other test.
  if (!isOwnHost(caller.host ?? '')) {
    return new StatusError(
      403,
      'Forbidden',
      `the Host header "${caller.host ?? ''}" names no address of this cluster`,
    )
  }
  if (PUBLIC_PATHS.has(caller.path)) return undefined
  const [scheme, given = ''] = (caller.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && (isSame(given, token) || acceptsToken(given))) return undefined
  return new StatusError(401, 'Unauthorized', 'Unauthorized')
}

function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '')
  return (
    ['127.0.0.1', 'localhost', '10.96.0.1', '10.244.0.1'].includes(name) ||
    /^kubernetes(\.[a-z0-9.-]+)?$/.test(name)
  )
}

/** In constant time; the hashes have one length. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
