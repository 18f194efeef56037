/** MutatingWebhookConfigurations: https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/mutating-webhook-configuration-v1/ */
import { webhookConfiguration } from '../admission/configuration.ts'

/** The kind MutatingWebhookConfiguration. */
export const resource = webhookConfiguration('MutatingWebhookConfiguration')
