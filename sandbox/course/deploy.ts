/** What saving a file does: the workspace's objects are brought to the cluster, and nothing else is touched. */
import {
  ApiError,
  collectionPath,
  objectPath,
  type KubernetesClient,
  type ObjectRef,
  type Resource,
} from '../client.ts'
import { WorkshopError } from '../errors.ts'
import { DIGEST, listOwnObjects, remove } from '../own-objects.ts'
import { until } from '../until.ts'
import { Discovery } from './discovery.ts'
import { ensureNamespace, removeNamespace } from './namespace.ts'
import { parseManifests, type FileProblem, type SourceObject } from './manifests.ts'
import type { Manifest } from '../objects.ts'
import type { Files } from './states.ts'
import {
  annotated,
  codeConfigMap,
  digestOf,
  isSame,
  mountsCode,
  withImages,
  withCodeDigest,
  type Target,
} from './target.ts'

/** One thing that a deployment did. */
export interface Change {
  action: 'created' | 'replaced' | 'deleted'
  kind: string
  name: string
}

/** What became of a save. With problems in the files nothing is changed; refusals concern single objects. */
export interface Deployment {
  changes: Change[]
  problems: FileProblem[]
}

/**
 * Brings workspaces to one namespace. It acts on changes of files only: a pod that the learner deleted or
 * applied by hand stays as they left it until its own files change.
 */
export class Deployer {
  readonly #client: KubernetesClient
  readonly #namespace: string
  readonly #images: Record<string, string>
  readonly #discovery: Discovery
  /** Object to the digest of the files behind it, as last deployed; nothing is known before the first time. */
  #deployed: Map<string, Target> | undefined

  /**
   * A pod that is replaced is not waited for, as by `kubectl replace --force`: a save is to be seen at once. `images`
   * says which image the cluster has in place of one that a manifest names.
   */
  constructor(client: KubernetesClient, namespace: string, images: Record<string, string> = {}) {
    this.#client = client
    this.#discovery = new Discovery(client)
    this.#namespace = namespace
    this.#images = images
  }

  /** Throws when the cluster does not answer; whatever it or the kit refuses is in the answer. */
  async deploy(files: Files): Promise<Deployment> {
    const { objects, problems } = await parseManifests(files)
    problems.push(...objects.flatMap((object) => this.#strayNamespace(object)))
    if (problems.length > 0) return { changes: [], problems }
    if (!this.#deployed) await ensureNamespace(this.#client, this.#namespace)
    const targets = await this.#targets(objects, files, problems)
    const before = this.#deployed ?? (await this.#remember(targets))
    // Until all of it has arrived, only the cluster knows what has.
    this.#deployed = undefined
    const after = new Map(targets.map((target) => [target.key, target]))
    const changes = await this.#change(before, after, problems)
    this.#deployed = after
    return { changes, problems }
  }

  async #change(
    before: Map<string, Target>,
    after: Map<string, Target>,
    problems: FileProblem[],
  ): Promise<Change[]> {
    const vanished = [...before.values()].filter(({ key }) => !after.has(key))
    const changed = [...after.values()].filter(({ key, digest }) => before.get(key)?.digest !== digest)
    const changes: (Change | undefined)[] = await Promise.all(vanished.map((target) => this.#delete(target)))
    // Pods and Jobs are created after what they mount.
    for (const last of [false, true]) {
      const group = changed.filter(({ isReplaced }) => isReplaced === last)
      const outcomes = await Promise.all(group.map((target) => this.#apply(target, problems)))
      for (const [index, outcome] of outcomes.entries()) {
        // Remembered as something else than its files, so that the next save tries again.
        if (!outcome) after.set(group[index]!.key, { ...group[index]!, digest: '' })
      }
      changes.push(...outcomes)
    }
    return changes.filter((change) => change !== undefined)
  }

  /** Ends every pod of the namespace at once and removes it, without waiting for the last of them. */
  async removeNamespace(): Promise<void> {
    await removeNamespace(this.#client, this.#namespace)
  }

  #strayNamespace({ file, line, manifest }: SourceObject): FileProblem[] {
    const { namespace } = manifest.metadata
    if (namespace === undefined || namespace === this.#namespace) return []
    const what = `namespace “${namespace}”, but this lesson lives in “${this.#namespace}”`
    return [{ file, line, what, instead: 'remove the line with the namespace' }]
  }

  async #targets(objects: SourceObject[], files: Files, problems: FileProblem[]): Promise<Target[]> {
    const code = codeConfigMap(files)
    const codeDigest = code ? digestOf(code.manifest) : ''
    const targets: Target[] = []
    for (const object of code ? [code, ...objects] : objects) {
      const { file, line } = object
      const manifest = withImages(object.manifest, this.#images)
      const resource = await this.#discovery.find(manifest)
      if (!resource) {
        const what = `no matches for kind “${manifest.kind}” in version “${manifest.apiVersion}”`
        problems.push({ file, line, what, instead: 'see what the cluster serves: kubectl api-resources' })
        continue
      }
      const namespace = resource.namespaced ? this.#namespace : undefined
      const name = manifest.metadata.name!
      const own = { ...manifest, metadata: { ...manifest.metadata, ...(namespace && { namespace }) } }
      const seesCode = mountsCode(manifest)
      const digest = digestOf(own, seesCode ? codeDigest : '')
      const body = seesCode ? withCodeDigest(own, codeDigest) : own
      const isReplaced = isReplacedKind(resource)
      targets.push({
        key: `${resource.plural}/${name}`,
        name,
        resource,
        isReplaced,
        body,
        digest,
        file,
        line,
      })
    }
    return targets
  }

  /** What an earlier session left in the cluster, as the annotations on the objects tell. */
  async #remember(targets: Target[]): Promise<Map<string, Target>> {
    const known = new Map<string, Target>()
    for (const target of targets) {
      const live = await this.#client.find(target.resource, target.body.metadata as { name: string })
      if (live && isSame(live, target)) known.set(target.key, target)
    }
    for (const { resource, object } of await listOwnObjects(this.#client, this.#namespace)) {
      const { name, annotations } = object.metadata
      const key = `${resource.plural}/${name}`
      if (known.has(key)) continue
      const [isReplaced, digest] = [isReplacedKind(resource), annotations![DIGEST]!]
      known.set(key, { key, name, resource, isReplaced, body: object, digest, file: '', line: 1 })
    }
    return known
  }

  /** `undefined` when the API server refused it; why is then in `problems`. */
  async #apply(target: Target, problems: FileProblem[]): Promise<Change | undefined> {
    const { resource, name, file, line } = target
    try {
      const action = await this.#createOrReplace(target)
      return { action, kind: resource.kind, name }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status.code >= 500) throw error
      problems.push({ file, line, what: error.message, instead: 'mend what the API server names' })
      return undefined
    }
  }

  /** The first POST is validated even where the name is taken, so a refusal never costs the pod that runs. */
  async #createOrReplace(target: Target): Promise<'created' | 'replaced'> {
    const { resource, name, isReplaced } = target
    const body = annotated(target)
    const create = `${collectionPath(resource, body.metadata.namespace)}${STRICT}`
    try {
      await this.#create(create, body)
      return 'created'
    } catch (error) {
      if (!ApiError.isReason(error, 'AlreadyExists')) throw error
    }
    if (isReplaced) {
      await this.#deleteAndWait(resource, name)
      await this.#create(create, body)
    } else {
      const path = objectPath(resource, { name, namespace: body.metadata.namespace })
      await this.#client.json('PUT', `${path}${STRICT}`, body)
    }
    return 'replaced'
  }

  /** A new namespace gets its service account a moment later, and no pod before. */
  async #create(path: string, body: Manifest): Promise<void> {
    const isCreated = async () => {
      try {
        await this.#client.json('POST', path, body)
        return true
      } catch (error) {
        if (ApiError.isReason(error, 'Forbidden') && NO_ACCOUNT_YET.test(error.message)) return false
        throw error
      }
    }
    if (await until(isCreated, { timeoutMs: 10_000, intervalMs: 100 })) return
    await this.#client.json('POST', path, body)
  }

  async #delete({ resource, isReplaced, name }: Target): Promise<Change> {
    if (isReplaced) await this.#deleteAndWait(resource, name)
    else await remove(this.#client, resource, this.#ref(resource, name))
    return { action: 'deleted', kind: resource.kind, name }
  }

  #ref({ namespaced }: Resource, name: string): ObjectRef {
    return { name, namespace: namespaced ? this.#namespace : undefined }
  }

  async #deleteAndWait(resource: Resource, name: string): Promise<void> {
    const ref = this.#ref(resource, name)
    const before = await this.#client.find(resource, ref)
    if (!before) return
    await remove(this.#client, resource, ref, 0)
    const isGone = async () => (await this.#client.find(resource, ref))?.metadata.uid !== before.metadata.uid
    if (await until(isGone, { timeoutMs: 20_000 })) return
    const kind = resource.kind.toLowerCase()
    throw new WorkshopError(`${kind} ${name} does not go away`, `kubectl delete ${kind} ${name} --force`)
  }
}

function isReplacedKind({ plural }: Resource): boolean {
  return plural === 'pods' || plural === 'jobs'
}

const NO_ACCOUNT_YET = /error looking up service account [^ ]+: serviceaccount "default" not found/
const STRICT = '?fieldManager=kubectl-client-side-apply&fieldValidation=Strict'
