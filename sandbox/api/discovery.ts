/** What the API server says of itself: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
import { json } from './answer.ts'
import { type ResourceDefinition, apiVersionOf } from './resource.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** Answers /api, /apis and what is below, down to a group and version; `undefined` for any other path. */
export function discover(
  pathname: string,
  request: Request,
  resources: readonly ResourceDefinition[],
): Response | undefined {
  const parts = pathname.split('/').filter(Boolean)
  const [root, group, version] = parts
  if (parts.length === 1 && (root === 'api' || root === 'apis')) {
    const accept = request.headers.get('accept') ?? ''
    const asked = /g=apidiscovery\.k8s\.io;v=(v2(?:beta1)?);as=APIGroupDiscoveryList/.exec(accept)
    if (asked) return aggregatedDiscovery(root, asked[1]!, resources)
    return json(root === 'api' ? legacyVersions() : groupList(resources))
  }
  if (root === 'api' && parts.length === 2) return resourceList('', group!, resources)
  if (root === 'apis' && parts.length === 2) {
    const found = groupsOf(resources).find((one) => one.name === group)
    return found && json({ kind: 'APIGroup', apiVersion: 'v1', ...found })
  }
  if (root === 'apis' && parts.length === 3) return resourceList(group!, version!, resources)
  return undefined
}

function legacyVersions() {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

function groupList(resources: readonly ResourceDefinition[]) {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(resources) }
}

function groupsOf(resources: readonly ResourceDefinition[]) {
  const names = new Set(resources.map((one) => one.group).filter(Boolean))
  return [...names].map((name) => {
    const served = new Set(resources.filter((one) => one.group === name).map((one) => one.version))
    const versions = [...served].map((version) => ({ groupVersion: `${name}/${version}`, version }))
    return { name, versions, preferredVersion: versions[0] }
  })
}

function resourceList(
  group: string,
  version: string,
  resources: readonly ResourceDefinition[],
): Response | undefined {
  const served = resources.filter((one) => one.group === group && one.version === version)
  if (served.length === 0) return undefined
  const list = served.flatMap((one) => [
    {
      name: one.plural,
      singularName: one.singular,
      namespaced: one.namespaced,
      kind: one.kind,
      verbs: VERBS,
      ...namesOf(one),
    },
    ...subresourcesOf(one).map(({ name, kind, verbs, foreign }) => ({
      name: `${one.plural}/${name}`,
      singularName: '',
      namespaced: one.namespaced,
      ...foreign,
      kind,
      verbs,
    })),
  ])
  const groupVersion = apiVersionOf({ group, version })
  return json({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: list })
}

function aggregatedDiscovery(
  root: string,
  version: string,
  resources: readonly ResourceDefinition[],
): Response {
  const groups = root === 'api' ? [''] : groupsOf(resources).map(({ name }) => name)
  const items = groups.map((name) => {
    const versions = [...new Set(resources.filter((one) => one.group === name).map((one) => one.version))]
    return {
      metadata: { name, creationTimestamp: null },
      versions: versions.map((one) => ({
        version: one,
        freshness: 'Current',
        resources: resources.filter((r) => r.group === name && r.version === one).map(aggregated),
      })),
    }
  })
  return json(
    { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items },
    200,
    { 'content-type': `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList` },
  )
}

function aggregated(resource: ResourceDefinition) {
  const { group, version, kind, plural, singular, namespaced } = resource
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: VERBS,
    ...namesOf(resource),
    subresources: subresourcesOf(resource).map((one) => ({
      subresource: one.name,
      responseKind: { group: '', version: '', ...one.foreign, kind: one.kind },
      verbs: one.verbs,
    })),
  }
}

function namesOf({ shortNames, categories }: ResourceDefinition) {
  return { ...(shortNames ? { shortNames } : {}), ...(categories ? { categories } : {}) }
}

function subresourcesOf(resource: ResourceDefinition) {
  const own = Object.entries(resource.subresources ?? {}).map(([name, { verbs, kind, apiVersion }]) => ({
    name,
    verbs,
    kind: kind ?? resource.kind,
    foreign: apiVersion ? groupVersionOf(apiVersion) : undefined,
  }))
  const status = resource.hasStatus
    ? [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: resource.kind, foreign: undefined }]
    : []
  return [...own, ...status]
}

function groupVersionOf(apiVersion: string) {
  const [group, version] = apiVersion.split('/')
  return { group, version }
}
