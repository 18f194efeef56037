/** The kinds that an API server serves, as controllers that look after all of them need to know. */
import type { KubernetesClient, Resource } from '../../client.ts'

interface ResourceList {
  groupVersion: string
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[]
}

/** Every kind whose objects can be listed and deleted. */
export async function discoverResources(client: KubernetesClient): Promise<Resource[]> {
  const { groups } = await client.json<{ groups: { preferredVersion: { groupVersion: string } }[] }>(
    'GET',
    '/apis',
  )
  const paths = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const lists = await Promise.all(paths.map((path) => client.json<ResourceList>('GET', path)))
  return lists.flatMap(({ groupVersion, resources }) =>
    resources
      .filter(({ verbs }) => verbs.includes('deletecollection'))
      .map(({ name, kind, namespaced }) => ({ apiVersion: groupVersion, kind, plural: name, namespaced })),
  )
}
