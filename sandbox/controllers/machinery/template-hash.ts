/** The short text by which the pods of one template are known. */
import type { PodTemplateSpec } from '../../objects.ts'

/** FNV-1a of the template, in the letters that Kubernetes spells hashes with. */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(JSON.stringify(template) + (collisions || ''))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('')
}
