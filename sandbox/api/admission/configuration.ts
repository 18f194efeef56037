/** What webhook configurations of both kinds share: their form, defaults and checks. */
import type { WebhookConfiguration } from '../../objects.ts'
import { oneOf, unique } from '../pod-spec/field-rules.ts'
import type { ResourceDefinition } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, required } from '../status.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** Which requests a webhook wants to see; the published types leave half of it out. */
export interface Rule {
  operations?: string[]
  apiGroups?: string[]
  apiVersions?: string[]
  resources?: string[]
  scope?: string
}

/** One webhook of either kind; only a mutating one has a reinvocationPolicy. */
export type Webhook = Omit<NonNullable<WebhookConfiguration['webhooks']>[number], 'rules'> & {
  rules?: Rule[]
}

/** The definition of one of the two kinds. */
export function webhookConfiguration(
  kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration',
): ResourceDefinition<WebhookConfiguration> {
  const singular = kind.toLowerCase()
  return {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind,
    plural: `${singular}s`,
    singular,
    namespaced: false,
    hasStatus: false,
    hasGeneration: true,
    columns: [
      nameColumn,
      { name: 'Webhooks', type: 'integer', cell: ({ webhooks }) => webhooks?.length ?? 0 },
      ageColumn,
    ],
    setDefaults({ webhooks = [] }) {
      for (const webhook of webhooks) setDefaults(webhook, kind)
    },
    validate: ({ webhooks = [] }) => [
      ...webhooks.flatMap((webhook, at) => validateWebhook(webhook, `webhooks[${at}]`)),
      ...unique(
        webhooks,
        ({ name }) => name,
        (at) => `webhooks[${at}].name`,
      ),
    ],
  }
}

function setDefaults(webhook: Webhook, kind: string): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.timeoutSeconds ??= 10
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  if (kind === 'MutatingWebhookConfiguration') webhook.reinvocationPolicy ??= 'Never'
  for (const rule of webhook.rules ?? []) rule.scope ??= '*'
  const { service } = webhook.clientConfig ?? {}
  if (service) service.port ??= 443
}

function validateWebhook(webhook: Webhook, field: string): Cause[] {
  const { name, admissionReviewVersions = [], rules = [], timeoutSeconds = 10 } = webhook
  const causes: Cause[] = []
  if (!name) causes.push(required(`${field}.name`))
  else if (name.split('.').length < 3) {
    const detail = 'should be a domain with at least three segments separated by dots'
    causes.push(invalidValue(`${field}.name`, name, detail))
  }
  if (admissionReviewVersions.length === 0) causes.push(required(`${field}.admissionReviewVersions`))
  else if (!admissionReviewVersions.includes('v1')) {
    const detail = 'must include at least one of v1'
    causes.push(invalidValue(`${field}.admissionReviewVersions`, admissionReviewVersions, detail))
  }
  for (const [at, rule] of rules.entries()) {
    for (const list of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
      if (!rule[list]?.length) causes.push(required(`${field}.rules[${at}].${list}`))
    }
  }
  if (timeoutSeconds < 1 || timeoutSeconds > 30) {
    const detail = 'the timeout value must be between 1 and 30 seconds'
    causes.push(invalidValue(`${field}.timeoutSeconds`, timeoutSeconds, detail))
  }
  if (webhook.matchConditions) {
    const detail = 'the embedded cluster reads no CEL; start kind with `npm run cluster up kind`'
    causes.push(forbiddenField(`${field}.matchConditions`, detail))
  }
  return [
    ...causes,
    ...oneOf(`${field}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']),
    ...oneOf(`${field}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']),
    ...oneOf(`${field}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun']),
    ...validateClient(webhook, `${field}.clientConfig`),
  ]
}

function validateClient({ clientConfig = {} }: Webhook, field: string): Cause[] {
  const { url, service, caBundle } = clientConfig
  if (Boolean(url) === Boolean(service)) {
    return [required(field, 'exactly one of url or service is required')]
  }
  const causes: Cause[] = []
  if (url && !URL.canParse(url)) causes.push(invalidValue(`${field}.url`, url, 'url is not valid'))
  else if (url && new URL(url).protocol !== 'https:') {
    causes.push(
      invalidValue(
        `${field}.url`,
        new URL(url).protocol,
        "'https' is the only allowed URL scheme; desired format: https://host[/path]",
      ),
    )
  }
  if (caBundle && !Buffer.from(caBundle, 'base64').includes('-----BEGIN CERTIFICATE-----')) {
    const detail = 'unable to load root certificates: unable to parse bytes as PEM block'
    causes.push(invalidValue(`${field}.caBundle`, caBundle, detail))
  }
  return causes
}
