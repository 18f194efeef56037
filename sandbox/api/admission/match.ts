/** Which webhooks a request concerns: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules */
import { selects } from '../../label-selector.ts'
import type { KubeObject, WebhookConfiguration } from '../../objects.ts'
import type { ApiContext } from '../resource.ts'
import type { Route } from '../route.ts'
import type { Webhook } from './configuration.ts'

/** A request that webhooks are asked about. */
export interface Review {
  operation: 'CREATE' | 'UPDATE' | 'DELETE'
  route: Route
  subresource?: string
  /** Absent when it is deleted. */
  object?: KubeObject
  /** Absent when it is created. */
  oldObject?: KubeObject
  dryRun: boolean
}

const GROUP = 'admissionregistration.k8s.io'

/** The webhooks of one kind that a request concerns, in the order of their configurations' names. */
export function webhooksFor(api: ApiContext, kind: 'mutating' | 'validating', review: Review): Webhook[] {
  // Otherwise a webhook could lock everybody out for good.
  if (review.route.resource.group === GROUP) return []
  const configurations = api.store.list(`${kind}webhookconfigurations.${GROUP}`) as WebhookConfiguration[]
  return configurations
    .flatMap(({ webhooks = [] }) => webhooks)
    .filter((webhook) => matchesRules(webhook, review) && matchesSelectors(api, webhook, review))
}

function matchesRules({ rules = [] }: Webhook, { operation, route, subresource }: Review): boolean {
  const { group, version, plural, namespaced } = route.resource
  return rules.some(({ operations = [], apiGroups = [], apiVersions = [], resources = [], scope = '*' }) => {
    return (
      has(operations, operation) &&
      has(apiGroups, group) &&
      has(apiVersions, version) &&
      (scope === '*' || (scope === 'Namespaced') === namespaced) &&
      resources.some((one) => matchesResource(one, plural, subresource))
    )
  })
}

function has(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value)
}

function matchesResource(pattern: string, plural: string, subresource = ''): boolean {
  const [resource, sub = ''] = pattern.split('/')
  return (resource === '*' || resource === plural) && (sub === '*' || sub === subresource)
}

function matchesSelectors(api: ApiContext, webhook: Webhook, review: Review): boolean {
  const { object, oldObject, route } = review
  const { namespaceSelector = {}, objectSelector = {} } = webhook
  const isNamespace = route.resource.kind === 'Namespace'
  const namespace = isNamespace
    ? (object ?? oldObject)
    : route.namespace && api.store.get('namespaces', '', route.namespace)
  if (namespace && !selects(namespaceSelector, namespace.metadata.labels)) return false
  return [object, oldObject].some((one) => one && selects(objectSelector, one.metadata.labels))
}
