/** Admission by webhooks: those that change an object, then those that only judge it. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../../errors.ts'
import type { KubeObject } from '../../objects.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import type { ApiContext } from '../resource.ts'
import { StatusError, badRequest } from '../status.ts'
import { type AdmissionResponse, WebhookFailure, callWebhook } from './call.ts'
import type { Webhook } from './configuration.ts'
import { type Review, webhooksFor } from './match.ts'

/** What the mutating webhooks made of an object: the very same one when they had nothing to say. */
export interface Mutated {
  object: KubeObject | undefined
  warnings: string[]
}

/** Asks the mutating webhooks one after the other; throws a StatusError when one refuses. */
export async function mutate(api: ApiContext, review: Review): Promise<Mutated> {
  let { object } = review
  const warnings: string[] = []
  const asked = new Map<Webhook, KubeObject | undefined>()

  async function ask(webhook: Webhook): Promise<void> {
    const response = await askOne(api, webhook, { ...review, object }, warnings)
    if (response?.patch !== undefined && object) object = patched(webhook, response, object)
    asked.set(webhook, object)
  }

  for (const webhook of webhooksFor(api, 'mutating', review)) await ask(webhook)
  // Once more for those that asked to see what later ones changed.
  for (const [webhook, left] of asked) {
    if (webhook.reinvocationPolicy === 'IfNeeded' && !isDeepStrictEqual(left, object)) await ask(webhook)
  }
  return { object, warnings }
}

/** Asks the validating webhooks, all at once; throws a StatusError when one refuses. */
export async function judge(api: ApiContext, review: Review): Promise<string[]> {
  const warnings: string[] = []
  const webhooks = webhooksFor(api, 'validating', review)
  await Promise.all(webhooks.map((webhook) => askOne(api, webhook, review, warnings)))
  return warnings
}

/** `undefined` when the webhook failed and its failurePolicy is to ignore that. */
async function askOne(
  api: ApiContext,
  webhook: Webhook,
  review: Review,
  warnings: string[],
): Promise<AdmissionResponse | undefined> {
  if (review.dryRun && !['None', 'NoneOnDryRun'].includes(webhook.sideEffects)) {
    throw badRequest(`admission webhook "${webhook.name}" does not support dry run`)
  }
  let response: AdmissionResponse
  try {
    response = await callWebhook(api, webhook, review)
  } catch (error) {
    if (!(error instanceof WebhookFailure)) throw error
    if (webhook.failurePolicy === 'Ignore') return undefined
    throw new Error(`failed calling webhook "${webhook.name}": ${error.message}`, { cause: error })
  }
  warnings.push(...(response.warnings ?? []))
  if (!response.allowed) throw denied(webhook, response)
  return response
}

function denied({ name }: Webhook, { status = {} }: AdmissionResponse): StatusError {
  const { message, reason = '', code = 0 } = status
  const why = message || reason
  const text = `admission webhook "${name}" denied the request${why ? `: ${why}` : ' without explanation'}`
  return new StatusError(code < 400 ? 400 : code, reason, text)
}

function patched({ name }: Webhook, response: AdmissionResponse, object: KubeObject): KubeObject {
  if (response.patchType !== 'JSONPatch') {
    throw new Error(`webhook "${name}" returned response.patch but not response.patchType`)
  }
  try {
    const patch = JSON.parse(Buffer.from(response.patch!, 'base64').toString()) as unknown
    return applyJsonPatch(object, patch) as KubeObject
  } catch (error) {
    throw new Error(`the patch of webhook "${name}" does not fit: ${messageOf(error)}`, { cause: error })
  }
}
