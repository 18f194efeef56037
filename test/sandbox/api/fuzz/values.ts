/** Values that nobody means well with, and how they get into a body. */
import type { Random } from '../../../helpers/random.ts'

/** Values for any field; made anew each time, since some are large. */
export function hostileValue(random: Random): unknown {
  return random.pick([
    () => null,
    () => random.pick([0, -1, 0.5, 65_536, 2 ** 31, 2 ** 53 + 2, -(2 ** 63), 1e308]),
    () =>
      random.pick([
        '',
        ' ',
        '0',
        '-1',
        '1e999',
        'NaN',
        '10Gi',
        '١٢',
        '\u0000',
        '\ud800',
        '🐢',
        '%s%n',
        '$(A)',
      ]),
    () => random.pick(['../../../../etc/passwd', '/', '/dev/zero', '..', 'a/../../b', '..data', 'C:\\x']),
    () => random.pick(['true', true, false]),
    () => 'x'.repeat(random.pick([64, 254, 300, 300, 5_000, 300_000])),
    () => [],
    () => ({}),
    () => Array.from({ length: random.pick([2, 3, 1_000]) }, () => ({ name: 'same' })),
    () => nested(random.int(2_000)),
    () =>
      JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown,
    () => [[[[]]], { name: { name: [null] } }],
  ])()
}

/** The same as text, for paths and queries. */
export function hostileText(random: Random): string {
  const value = hostileValue(random)
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 4_000).toWellFormed()
}

/** Names for any key. */
export function hostileKey(random: Random): string {
  const known = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '$patch',
    '$retainKeys',
  ]
  const odd = [
    '',
    '.',
    '/',
    '~1',
    '\u0000',
    '$setElementOrder/containers',
    '$deleteFromPrimitiveList/finalizers',
  ]
  return random.pick([...known, ...odd, 'x'.repeat(300)])
}

/** The body with a few fields replaced, removed or added somewhere in its depth. */
export function mutated(random: Random, body: unknown): unknown {
  let result = structuredClone(body)
  for (let count = random.pick([1, 1, 1, 2, 4]); count > 0; count--) result = mutatedOnce(random, result)
  return result
}

function mutatedOnce(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return hostileValue(random)
  const keys = Object.keys(value)
  const record = value as Record<string, unknown>
  const key = keys.length === 0 || random.chance(0.1) ? hostileKey(random) : random.pick(keys)
  // Never the one that is inherited: __proto__ of our own object is everybody's.
  const inner = Object.hasOwn(record, key) ? record[key] : undefined
  const isLeaf = typeof inner !== 'object' || inner === null
  if (isLeaf && random.chance(0.2)) delete record[key]
  else {
    const next = isLeaf ? hostileValue(random) : mutatedOnce(random, inner)
    // An assignment to __proto__ would set the prototype of our own object and send nothing.
    Object.defineProperty(value, key, { value: next, enumerable: true, configurable: true, writable: true })
  }
  return value
}

/** The text with bytes cut off, changed or repeated. */
export function garbled(random: Random, text: Buffer): Buffer {
  if (text.length === 0) return random.bytes(random.int(50))
  const at = random.int(text.length)
  return random.pick([
    () => text.subarray(0, at),
    () => Buffer.concat([text.subarray(0, at), random.bytes(1 + random.int(8)), text.subarray(at)]),
    () => Buffer.concat([text.subarray(0, at), random.bytes(1), text.subarray(at + 1)]),
    () => Buffer.concat([text, text]),
    () => Buffer.from('[{"a":'.repeat(random.int(100_000))),
    () => Buffer.from(text.toString().replace(/\d+/, '1e999999')),
    () => Buffer.from(text.toString().replace(/"name"/g, '"__proto__"')),
  ])()
}

function nested(depth: number): unknown {
  let value: unknown = {}
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}
