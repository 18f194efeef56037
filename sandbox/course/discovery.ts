/** Asks the cluster which kinds it serves, so that every one of them can be in a lesson. */
import { ApiError, type KubernetesClient, type Resource } from '../client.ts'
import type { Manifest } from '../objects.ts'

/** Remembers what it has asked. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
export class Discovery {
  readonly #client: KubernetesClient
  readonly #known = new Map<string, Resource[]>()

  constructor(client: KubernetesClient) {
    this.#client = client
  }

  /** Where objects of the manifest's kind live; `undefined` when the cluster does not serve it. */
  async find({ apiVersion, kind }: Manifest): Promise<Resource | undefined> {
    const resources = this.#known.get(apiVersion) ?? (await this.#ask(apiVersion))
    this.#known.set(apiVersion, resources)
    return resources.find((resource) => resource.kind === kind)
  }

  async #ask(apiVersion: string): Promise<Resource[]> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    try {
      const list = await this.#client.json<ResourceList>('GET', path)
      // Subresources, such as pods/log, are listed beside their owners.
      const resources = list.resources.filter(({ name }) => !name.includes('/'))
      return resources.map(({ name, kind, namespaced }) => ({ apiVersion, kind, plural: name, namespaced }))
    } catch (error) {
      if (ApiError.isReason(error, 'NotFound')) return []
      throw error
    }
  }
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[]
}
