/** Kinds that only tests read and write. */
import type { Resource } from '#sandbox/client.ts'
import type { Secret, ServiceAccount, WebhookConfiguration } from '#sandbox/objects.ts'

/** https://kubernetes.io/docs/concepts/configuration/secret/ */
export const SECRETS: Resource<Secret> = {
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
}
/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
export const MUTATING_WEBHOOKS: Resource<WebhookConfiguration> = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  namespaced: false,
}
/** https://kubernetes.io/docs/concepts/security/service-accounts/ */
export const SERVICE_ACCOUNTS: Resource<ServiceAccount> = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
}
