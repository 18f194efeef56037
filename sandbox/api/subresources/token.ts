/** serviceaccounts/token: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
import { timestamp } from '../../clock.ts'
import { json } from '../answer.ts'
import { readData } from '../body.ts'
import { isRecord } from '../decode.ts'
import type { ApiContext, Subresource } from '../resource.ts'
import { StatusError, badRequest, conflict, invalid, invalidValue, notFound, unsupported } from '../status.ts'
import { type Bound, ISSUER } from '../tokens.ts'
import { findObject } from '../verbs/read.ts'

const SHORTEST_SECONDS = 10 * 60
const DEFAULT_SECONDS = 60 * 60

interface TokenRequestSpec {
  audiences?: string[]
  expirationSeconds?: number | null
  boundObjectRef?: { kind?: string; name?: string; uid?: string } | null
}

/** Issues a token for a ServiceAccount. With it one may do everything: the embedded cluster knows no roles. */
export const token: Subresource = {
  verbs: ['create'],
  kind: 'TokenRequest',
  apiVersion: 'authentication.k8s.io/v1',
  async handle(api, route, request) {
    if (request.method !== 'POST') {
      const message = `the server does not allow this method on the requested resource: ${request.method} serviceaccounts/token`
      throw new StatusError(405, 'MethodNotAllowed', message)
    }
    const account = findObject(api, route)
    const body = await readData(request, 'TokenRequest')
    if (!isRecord(body) || !isRecord(body.spec ?? {}))
      throw badRequest('the body of the request is no TokenRequest')
    const spec = (body.spec ?? {}) as TokenRequestSpec
    // kubectl 1.30 writes null for what it leaves to us.
    const expirationSeconds = spec.expirationSeconds ?? DEFAULT_SECONDS
    if (!Number.isInteger(expirationSeconds) || expirationSeconds < SHORTEST_SECONDS) {
      const detail = 'may not specify a duration less than 10 minutes'
      const cause = invalidValue('spec.expirationSeconds', expirationSeconds, detail)
      throw invalid('TokenRequest.authentication.k8s.io', '', [cause])
    }
    const audiences = spec.audiences?.length ? spec.audiences : [ISSUER]
    const bound = spec.boundObjectRef
      ? findBound(api, account.metadata.namespace!, spec.boundObjectRef)
      : undefined
    const { name, namespace } = account.metadata
    const answer = {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace, creationTimestamp: timestamp(api.clock.now()) },
      spec: { audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: {
        token: await api.tokens.issue(account, { audiences, expirationSeconds, bound }),
        expirationTimestamp: timestamp(api.clock.now() + expirationSeconds * 1000),
      },
    }
    return json(answer, 201)
  },
}

function findBound(
  api: ApiContext,
  namespace: string,
  { kind = '', name = '', uid }: NonNullable<TokenRequestSpec['boundObjectRef']>,
): Bound {
  if (kind !== 'Pod') {
    throw invalid('TokenRequest.authentication.k8s.io', '', [
      unsupported('spec.boundObjectRef.kind', kind, ['Pod']),
    ])
  }
  const found = api.store.get('pods', namespace, name)
  const pods = { group: '', plural: 'pods' }
  if (!found) throw notFound(pods, name)
  if (uid && uid !== found.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict(pods, name, why)
  }
  return { kind, name, uid: found.metadata.uid }
}
