/** ValidatingWebhookConfigurations: https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/validating-webhook-configuration-v1/ */
import { webhookConfiguration } from '../admission/configuration.ts'

/** The kind ValidatingWebhookConfiguration. */
export const resource = webhookConfiguration('ValidatingWebhookConfiguration')
