/** Gives a new pod the token of its ServiceAccount: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller */
import { randomInt } from 'node:crypto'
import type { Container, Pod, ServiceAccount, Volume } from '../../objects.ts'
import type { ApiContext } from '../resource.ts'
import { forbidden } from '../status.ts'

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const VOLUME_PREFIX = 'kube-api-access-'
const ROOT_CERTIFICATE = 'kube-root-ca.crt'
/** An hour and a little more, as Kubernetes asks for. */
const EXPIRATION_SECONDS = 3607

/** Adds the volume with token, certificate and namespace, mounted in every container that has nothing there. */
export function mountServiceAccountToken({ metadata, spec }: Pod, api: ApiContext): void {
  const { namespace, name } = metadata
  const { serviceAccountName: accountName = 'default' } = spec
  const account = api.store.get('serviceaccounts', namespace, accountName) as ServiceAccount | undefined
  if (!account && accountName !== 'default') {
    const why = `error looking up service account ${namespace}/${accountName}: serviceaccount "${accountName}" not found`
    throw forbidden({ group: '', plural: 'pods' }, name, why)
  }
  const isWanted = spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true
  // Both come with the namespace, a moment after it; a pod that is still faster has no use for them.
  if (!account || !isWanted || !api.store.get('configmaps', namespace, ROOT_CERTIFICATE)) return
  const containers: Container[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  const bare = containers.filter(
    ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH),
  )
  if (bare.length === 0) return
  const present = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX))
  const volume = present ?? tokenVolume()
  if (!present) spec.volumes = [...(spec.volumes ?? []), volume]
  for (const container of bare) {
    const mount = { name: volume.name, mountPath: MOUNT_PATH, readOnly: true }
    container.volumeMounts = [...(container.volumeMounts ?? []), mount]
  }
}

function tokenVolume(): Volume {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  const suffix = Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')
  const field = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }
  return {
    name: `${VOLUME_PREFIX}${suffix}`,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: EXPIRATION_SECONDS, path: 'token' } },
        { configMap: { name: ROOT_CERTIFICATE, items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [field] } },
      ],
    },
  }
}
