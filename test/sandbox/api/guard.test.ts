/** Proves who is let in. */
import { expect, it } from 'vitest'
import { refuseCaller } from '#sandbox/api/guard.ts'

const good = { path: '/api', host: '127.0.0.1:4321', origin: undefined, authorization: 'Bearer secret' }

it.each([
  ['the token', {}, undefined],
  ['no token', { authorization: undefined }, 401],
  ['a wrong token', { authorization: 'Bearer Secret' }, 401],
  ['another scheme', { authorization: 'Basic secret' }, 401],
  ['no token, asking for health', { authorization: undefined, path: '/readyz' }, undefined],
  ['no token, asking for the version', { authorization: undefined, path: '/version' }, undefined],
  ['a web page behind it', { origin: 'https://example.com' }, 403],
  ['a web page behind it, asking for health', { origin: 'null', path: '/readyz' }, 403],
  ['a foreign host', { host: 'attacker.example:4321' }, 403],
  ['a host that only begins right', { host: 'kubernetes@attacker.example' }, 403],
  ['no host', { host: undefined }, 403],
  ['localhost', { host: 'localhost:4321' }, undefined],
  ['the name inside pods', { host: 'kubernetes.default.svc' }, undefined],
  ['the address inside pods', { host: '10.96.0.1' }, undefined],
])('a caller with %s is answered %s', (_title, change, code) => {
  expect(refuseCaller({ ...good, ...change }, 'secret')?.status.code).toBe(code)
})
