/** Proves how requests travel: a connection that the server has given up costs nobody an answer. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ensureCredentials } from '#sandbox/embedded/credentials.ts'
import { connect } from '#sandbox/kubeconfig.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

test('a question is asked again when its connection was just given up; a change is not', async () => {
  const { key, certificate } = await ensureCredentials(temporaryFolder())
  const used = new WeakSet<object>()
  const server = createServer({ key, cert: certificate }, (request, response) => {
    // As a server that closes idle connections in the moment of the next request.
    if (used.has(request.socket)) return void request.socket.destroy()
    used.add(request.socket)
    response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const client = connect({ server: `https://127.0.0.1:${port}`, ca: certificate, namespace: 'default' })
  for (let turn = 0; turn < 4; turn++) expect(await client.json('GET', '/')).toEqual({})
  await client.json('GET', '/')
  await expect(client.json('POST', '/', {})).rejects.toThrow('does not answer')
})
