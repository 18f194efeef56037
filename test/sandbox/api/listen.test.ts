/** Proves the way from a socket to the API: tokens, streams, disconnects, upgrades. */
import { type ClientRequest, type IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { type Listening, serve } from '#sandbox/api/listen.ts'
import { PODS } from '#sandbox/client.ts'
import { type Credentials, ensureCredentials } from '#sandbox/embedded/credentials.ts'
import { until } from '#sandbox/until.ts'
import { type TestApi, createTestApi, podManifest } from '../../helpers/test-api.ts'

let folder: string
let credentials: Credentials
let listening: Listening
let test: TestApi
let execSignal: AbortSignal | undefined
let logSignal: AbortSignal | undefined
let sent = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'listen-'))
  test = await createTestApi({
    node: {
      logs(_pod, { signal }) {
        logSignal = signal
        const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
          sent += 1
          controller.enqueue(new Uint8Array(64 * 1024))
        }
        return Promise.resolve(new ReadableStream<Uint8Array>({ pull }))
      },
      exec(_pod, { signal }) {
        execSignal = signal
        return Promise.resolve({ exitCode: new Promise<number>(() => {}), resize() {} })
      },
    },
  })
  await test.client.create(PODS, podManifest('web', { nodeName: 'sidecar-node' }))
  credentials = await ensureCredentials(folder)
  listening = await serve(test.api, { host: '127.0.0.1', port: 0, ...credentials })
})

afterAll(async () => {
  await listening.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('over TLS', () => {
  it('a caller without the token is refused, health is for all', async () => {
    expect((await send('/api/v1/pods', { headers: {} })).statusCode).toBe(401)
    expect((await send('/readyz', { headers: {} })).statusCode).toBe(200)
    expect((await send('/api/v1/pods')).statusCode).toBe(200)
    expect(
      (await send('/api/v1/pods', { headers: { ...bearer(), origin: 'https://example.com' } })).statusCode,
    ).toBe(403)
    expect(
      (await send('/api/v1/pods', { servername: 'localhost', headers: { ...bearer(), host: 'example.com' } }))
        .statusCode,
    ).toBe(403)
  })

  it('a strange target is a Status and no crash', async () => {
    const paths = ['//', '//readyz', '/api/v1/namespaces/%zz/pods', '/api/v1/../../etc/passwd', '/%00']
    const codes = []
    for (const path of paths) codes.push((await send(path)).statusCode)
    expect(codes).toEqual([404, 404, 400, 404, 404])
    expect((await send('/api', { method: 'TRACE' })).statusCode).toBe(400)
  })

  it('a reader that does not read stops the writer, and its leaving ends it', async () => {
    const response = await send('/api/v1/namespaces/default/pods/web/log?follow=true', {}, false)
    const before = await until(() => sent > 0 && sent, { timeoutMs: 2_000 })
    expect(before).toBeGreaterThan(0)
    // It comes to rest: what is on its way fits the buffers of both ends.
    let last = -1
    await until(() => sent === last || ((last = sent), false), { timeoutMs: 5_000, intervalMs: 200 })
    expect(sent).toBeLessThan(1_000)
    response.destroy()
    expect(await until(() => logSignal?.aborted, { timeoutMs: 2_000 })).toBe(true)
  })

  it('an exec needs the token, and its abort reaches the node', async () => {
    const path = '/api/v1/namespaces/default/pods/web/exec?command=sh&stdout=true'
    expect(await upgrade(path, {})).toBe(401)
    expect(await upgrade(path.replace('web', 'none'), bearer())).toBe(404)
    expect(await upgrade('/api/v1/namespaces/default/pods/web/log', bearer())).toBe(400)
    const socket = connect(path, bearer())
    await new Promise((resolve) => socket.once('open', resolve))
    await until(() => execSignal, { timeoutMs: 2_000 })
    socket.terminate()
    expect(await until(() => execSignal?.aborted, { timeoutMs: 2_000 })).toBe(true)
  })
})

function bearer() {
  return { authorization: `Bearer ${credentials.token}` }
}

function send(path: string, options: RequestOptions = {}, drain = true): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = request(
      {
        host: '127.0.0.1',
        port: listening.port,
        path,
        ca: credentials.certificate,
        headers: bearer(),
        agent: false,
        ...options,
      },
      (response) => {
        if (drain) response.resume()
        resolve(response)
      },
    )
    outgoing.on('error', reject).end()
  })
}

function connect(path: string, headers: Record<string, string>): WebSocket {
  const url = `wss://127.0.0.1:${listening.port}${path}`
  return new WebSocket(url, ['v5.channel.k8s.io'], { ca: credentials.certificate, headers })
}

function upgrade(path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, headers)
    socket.on('error', () => {})
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode)
      socket.terminate()
    })
    socket.once('open', () => resolve(101))
  })
}
