/** Tokens of ServiceAccounts for the pods that run as them: https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken */
import type { Clock } from '../clock.ts'
import { objectPath, type KubernetesClient, type Resource } from '../client.ts'
import { messageOf } from '../errors.ts'
import type { Pod } from '../objects.ts'

const SERVICE_ACCOUNTS: Resource = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
}

/** A token is renewed when so much of its life is over, and once a day at the latest. */
const RENEWED_AFTER = 0.8
const LONGEST_USE_SECONDS = 24 * 60 * 60

/** What a volume asks for. */
export interface TokenProjection {
  audience?: string
  expirationSeconds?: number
}

/** The token that is there as long as it is good, else a new one, bound to the pod. Throws an Error. */
export async function serviceAccountToken(
  pod: Pod,
  { audience, expirationSeconds = 3600 }: TokenProjection,
  present: string | undefined,
  { client, clock }: { client: KubernetesClient; clock: Clock },
): Promise<string> {
  if (present !== undefined && !isDue(present, clock.now() / 1000)) return present
  const { name, namespace, uid } = pod.metadata
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: audience ? [audience] : [],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  }
  const account = { namespace, name: pod.spec.serviceAccountName ?? 'default' }
  try {
    const path = objectPath(SERVICE_ACCOUNTS, account, 'token')
    const { status } = await client.json<{ status: { token: string } }>('POST', path, request)
    return status.token
  } catch (error) {
    throw new Error(`failed to fetch token: ${messageOf(error)}`, { cause: error })
  }
}

/** By what the token, a JWT, says of itself; one that says nothing is replaced. */
function isDue(token: string, nowSeconds: number): boolean {
  try {
    const text = Buffer.from(token.split('.')[1]!, 'base64url').toString()
    const { iat, exp } = JSON.parse(text) as { iat: number; exp: number }
    return !(nowSeconds < iat + Math.min((exp - iat) * RENEWED_AFTER, LONGEST_USE_SECONDS))
  } catch {
    return true
  }
}
