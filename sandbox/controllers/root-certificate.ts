/** Puts the certificate that vouches for the API server into each namespace: https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken */
import { ApiError, CONFIG_MAPS, NAMESPACES } from '../client.ts'
import { createQueue } from './machinery/queue.ts'
import type { ControllerContext } from './start.ts'

const NAME = 'kube-root-ca.crt'

/** Works until the signal aborts; without a certificate there is nothing to do. */
export async function startController(context: ControllerContext): Promise<void> {
  const { client, informers, rootCertificate } = context
  if (!rootCertificate) return
  const queue = createQueue(context, async ({ name: namespace }) => {
    const data = { 'ca.crt': await rootCertificate }
    const found = await client.find(NAMESPACES, { name: namespace })
    if (!found || found.metadata.deletionTimestamp) return
    const present = await client.find(CONFIG_MAPS, { namespace, name: NAME })
    if (present?.data?.['ca.crt'] === data['ca.crt']) return
    if (present) return void (await client.patch(CONFIG_MAPS, present.metadata, { data }))
    try {
      const metadata = {
        namespace,
        name: NAME,
        annotations: {
          'kubernetes.io/description':
            'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
        },
      }
      await client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
    } catch (error) {
      if (!ApiError.isReason(error, 'AlreadyExists')) throw error
    }
  })
  await informers.follow(NAMESPACES, ({ metadata }, isGone) => {
    if (!isGone) queue.add({ name: metadata.name })
  })
  await informers.follow(CONFIG_MAPS, ({ metadata }, isGone) => {
    if (isGone && metadata.name === NAME) queue.add({ name: metadata.namespace! })
  })
}
