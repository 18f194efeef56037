/** Refusals in Kubernetes' own words: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go */
import { ApiError } from '../client.ts'
import type { Status } from '../objects.ts'

/** One thing that is wrong with an object. */
export interface Cause {
  reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueDuplicate'
    | 'FieldValueNotFound'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
  /** `spec.containers[0].name` */
  field: string
  message: string
}

/** An answer of the API server that is not a success; thrown anywhere below `handle`. */
export class StatusError extends Error {
  readonly status: Status

  constructor(code: number, reason: string, message: string, details?: Status['details']) {
    super(message)
    this.name = 'StatusError'
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details ? { details } : {}),
      code,
    }
  }
}

/** What a message names: `pods` or `deployments.apps`. */
export interface Named {
  group: string
  plural: string
}

/** `pods`, `deployments.apps`: how messages and the store name a resource. */
export function qualified({ group, plural }: Named): string {
  return group ? `${plural}.${group}` : plural
}

function detailsOf(named: Named, name: string): NonNullable<Status['details']> {
  return { name, ...(named.group ? { group: named.group } : {}), kind: named.plural }
}

/** 404: what is named is not there. */
export function notFound(named: Named, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(named)} "${name}" not found`, detailsOf(named, name))
}

/** 409: the name is taken. */
export function alreadyExists(named: Named, name: string): StatusError {
  const message = `${qualified(named)} "${name}" already exists`
  return new StatusError(409, 'AlreadyExists', message, detailsOf(named, name))
}

/** 409: the object is not what the writer thought; `why` follows a colon. */
export function conflict(named: Named, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(named)} "${name}": ${why}`
  return new StatusError(409, 'Conflict', message, detailsOf(named, name))
}

/** 403; `why` follows a colon. */
export function forbidden(named: Named, name: string, why: string): StatusError {
  const message = `${qualified(named)} "${name}" is forbidden: ${why}`
  return new StatusError(403, 'Forbidden', message, detailsOf(named, name))
}

/** 400: the request can’t be understood. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

/** 422, with each cause in the message and in details.causes. `kind` is qualified: `Deployment.apps`. */
export function invalid(kind: string, name: string, causes: readonly Cause[]): StatusError {
  const texts = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))]
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const [bare, ...group] = kind.split('.')
  return new StatusError(422, 'Invalid', `${kind} "${name}" is invalid: ${text}`, {
    name,
    ...(group.length > 0 ? { group: group.join('.') } : {}),
    kind: bare,
    causes: causes.map(({ reason, message, field }) => ({ reason, message, field })),
  })
}

/** The Status of anything that was thrown: what is not a StatusError is a bug, told as a 500. */
export function statusOf(error: unknown): Status {
  // A kubelet is an API client, so its refusals come as ApiErrors.
  if (error instanceof StatusError || error instanceof ApiError) return error.status
  const text = error instanceof Error ? error.message : String(error)
  return new StatusError(500, 'InternalError', `Internal error occurred: ${text}`).status
}

/** A field that must be there and is not. */
export const required = (field: string, detail = ''): Cause => ({
  reason: 'FieldValueRequired',
  field,
  message: detail ? `Required value: ${detail}` : 'Required value',
})

/** `value` is shown as Go's %q or %v would: text in quotes, all else as JSON. */
export const invalidValue = (field: string, value: unknown, detail: string): Cause => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
})

/** A value that stands twice in a list. */
export const duplicate = (field: string, value: unknown): Cause => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${JSON.stringify(value)}`,
})

/** A value that should name something which is not there. */
export const absent = (field: string, value: unknown): Cause => ({
  reason: 'FieldValueNotFound',
  field,
  message: `Not found: ${JSON.stringify(value)}`,
})

/** A value that is none of a few known ones. */
export const unsupported = (field: string, value: unknown, supported: readonly string[]): Cause => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((text) => JSON.stringify(text)).join(', ')}`,
})

/** A field that may not be set, or may not change. */
export const forbiddenField = (field: string, detail: string): Cause => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
})

/** A value of too many bytes. */
export const tooLong = (field: string, maximum: number): Cause => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${maximum} bytes`,
})
