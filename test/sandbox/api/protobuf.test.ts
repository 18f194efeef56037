/** Proves that broken protobuf is refused; that whole protobuf is read, kubectl.test.ts proves. */
import { expect, it } from 'vitest'
import { decodeProtobuf } from '#sandbox/api/protobuf.ts'
import { StatusError } from '#sandbox/api/status.ts'

/** `kubectl create configmap c --from-literal=a=b`, as 1.33 posts it. */
const CONFIG_MAP = Buffer.concat([
  Buffer.from('k8s\0'),
  field(1, Buffer.concat([field(1, Buffer.from('v1')), field(2, Buffer.from('ConfigMap'))])),
  field(
    2,
    Buffer.concat([
      field(1, Buffer.concat([field(1, Buffer.from('c')), field(8, Buffer.alloc(0))])),
      field(2, Buffer.concat([field(1, Buffer.from('a')), field(2, Buffer.from('b'))])),
    ]),
  ),
])

it('a ConfigMap is read', () => {
  expect(decodeProtobuf(CONFIG_MAP)).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: { a: 'b' },
  })
})

it('a kind that is not in the table is a 415 that says what to do', () => {
  const body = Buffer.from(CONFIG_MAP.toString('latin1').replace('ConfigMap', 'ConfigMop'), 'latin1')
  expect(() => decodeProtobuf(body)).toThrow(
    'the embedded cluster reads v1 ConfigMop as JSON only, not as protobuf: write it to a file and use `kubectl create -f`',
  )
})

it('no byte that is cut off or changed does more than refuse', () => {
  for (let at = 0; at < CONFIG_MAP.length; at += 1) {
    for (const body of [
      CONFIG_MAP.subarray(0, at),
      withByte(at, 0xff),
      withByte(at, 0x80),
      withByte(at, 0),
    ]) {
      expect(failureOf(body)).toBe('none or a refusal')
    }
  }
})

function failureOf(body: Buffer): unknown {
  try {
    decodeProtobuf(body)
  } catch (error) {
    if (!(error instanceof StatusError)) return error
  }
  return 'none or a refusal'
}

function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(number * 8 + 2, value.length), value])
}

function withByte(at: number, byte: number): Buffer {
  const body = Buffer.from(CONFIG_MAP)
  body[at] = byte
  return body
}
