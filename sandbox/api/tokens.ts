/** Tokens of ServiceAccounts: JWTs (RFC 7519) that the API server signs with ES256 and accepts. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { KubeObject } from '../objects.ts'
import type { Store } from '../store.ts'

/** Who issues tokens, and for whom they are unless told otherwise. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local'

/** What a token is bound to: it is no longer accepted once that object is gone. */
export interface Bound {
  kind: 'Pod' | 'Secret' | 'Node'
  name: string
  uid: string
}

/** Issues tokens and knows them again. */
export interface Tokens {
  issue(
    account: KubeObject,
    options: { audiences: string[]; expirationSeconds: number; bound?: Bound },
  ): Promise<string>
  /** Whether a token is ours, of this time, for this API, and its account and pod still exist. */
  accepts(token: string): boolean
}

interface Claims {
  aud: string[]
  exp: number
  sub: string
  'kubernetes.io': {
    namespace: string
    serviceaccount: { name: string; uid: string }
    pod?: { name: string; uid: string }
  }
}

/** Signs with the EC P-256 key of this PEM text, which may come late; with a new one where none is given. */
export function createTokens(store: Store, clock: Clock, pem?: Promise<string>): Tokens {
  let publicKey: KeyObject | undefined
  const privateKey = pem
    ? pem.then(createPrivateKey)
    : Promise.resolve(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  // Whoever waits for the key is told if it is bad.
  privateKey.then((key) => (publicKey = createPublicKey(key))).catch(() => {})

  return {
    async issue({ metadata }, { audiences, expirationSeconds, bound }) {
      const { namespace = '', name, uid } = metadata
      const now = Math.floor(clock.now() / 1000)
      const ref = bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }
      const claims = {
        aud: audiences,
        exp: now + expirationSeconds,
        iat: now,
        iss: ISSUER,
        jti: randomUUID(),
        'kubernetes.io': { namespace, serviceaccount: { name, uid }, ...ref },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
      }
      const text = `${encode({ alg: 'ES256', kid: 'sidecar-workshop' })}.${encode(claims)}`
      const key = { key: await privateKey, dsaEncoding: 'ieee-p1363' } as const
      return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
    },
    accepts(token) {
      const claims = publicKey && readClaims(token, publicKey)
      if (!claims || !claims.aud.includes(ISSUER) || claims.exp * 1000 <= clock.now()) return false
      const { namespace, serviceaccount, pod } = claims['kubernetes.io']
      const exists = (resource: string, { name, uid }: { name: string; uid: string }) =>
        store.get(resource, namespace, name)?.metadata.uid === uid
      return exists('serviceaccounts', serviceaccount) && (!pod || exists('pods', pod))
    },
  }
}

function readClaims(token: string, key: KeyObject): Claims | undefined {
  const [head, body, signature, ...rest] = token.split('.')
  if (!head || !body || !signature || rest.length > 0) return undefined
  const text = Buffer.from(`${head}.${body}`)
  const isOurs = verify(
    'sha256',
    text,
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  // What we signed, we wrote: it needs no checking of its shape.
  return isOurs ? (JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims) : undefined
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
