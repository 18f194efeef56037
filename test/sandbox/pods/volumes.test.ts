/** Proves what volumes look like on the host, and that none leads out of itself. */
import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KubernetesClient } from '#sandbox/client.ts'
import type { Container, Pod, Volume } from '#sandbox/objects.ts'
import { containerMounts } from '#sandbox/pods/volume-mounts.ts'
import { createManualClock } from '#test/helpers/manual-clock.ts'
import { mountVolumes } from '#sandbox/pods/volumes.ts'

const objects: Record<string, object> = {
  '/api/v1/namespaces/lesson/configmaps/code': { data: { 'main.ts': 'one' }, binaryData: { blob: '/wA=' } },
  '/api/v1/namespaces/lesson/secrets/login': { data: { password: 'c2VjcmV0' } },
}
let tokensIssued = 0
const client = new KubernetesClient(async (request) => {
  const { pathname } = new URL(request.url)
  if (pathname.endsWith('/serviceaccounts/builder/token')) {
    tokensIssued += 1
    return Response.json({ status: { token: tokenOf(await request.json()) } })
  }
  const object = objects[pathname]
  if (object) return Response.json(object)
  return Response.json(
    { kind: 'Status', reason: 'NotFound', message: 'not found', code: 404 },
    { status: 404 },
  )
})

const clock = createManualClock(1_000)
const memory: string[] = []
const runtime = {
  mountMemory: async (path: string, size?: number) => void memory.push(`${path.split('/').at(-1)} ${size}`),
  unmountMemory: async () => undefined,
}
const context = { client, clock, runtime }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'volumes-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a volume', () => {
  it('emptyDir is a folder that everybody may write to', async () => {
    const path = await mounted({ name: 'v', emptyDir: {} })
    expect(statSync(path).mode & 0o7777).toBe(0o777)
  })

  it('configMap holds a file for each key, seen through ..data', async () => {
    const path = await mounted({ name: 'v', configMap: { name: 'code' } })
    expect(readFileSync(join(path, 'main.ts'), 'utf8')).toBe('one')
    expect([...readFileSync(join(path, 'blob'))]).toEqual([0xff, 0x00])
    expect(readlinkSync(join(path, 'main.ts'))).toBe('..data/main.ts')
    expect(readlinkSync(join(path, '..data'))).toMatch(/^\.\.1970_01_01_00_00_01\.\d+$/)
    expect(statSync(join(path, 'main.ts')).mode & 0o777).toBe(0o644)
  })

  it('secret holds its values decoded, where items put them, with the modes asked for', async () => {
    const items = [{ key: 'password', path: 'deep/er/word', mode: 0o400 }]
    const path = await mounted({ name: 'v', secret: { secretName: 'login', items } })
    expect(readFileSync(join(path, 'deep/er/word'), 'utf8')).toBe('secret')
    expect(statSync(join(path, 'deep/er/word')).mode & 0o777).toBe(0o400)
    expect(lstatSync(join(path, 'deep')).isSymbolicLink()).toBe(true)
  })

  it('emptyDir of medium Memory gets as much of it as its limit says', async () => {
    await mounted({ name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } })
    await mounted({ name: 'v', emptyDir: { medium: 'Memory' } })
    expect(memory).toEqual(['v 67108864', 'v undefined'])
  })

  it('downwardAPI tells the labels and limits of its pod', async () => {
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'who/name', fieldRef: { fieldPath: 'metadata.name' } },
      {
        path: 'memory',
        resourceFieldRef: { containerName: 'app', resource: 'limits.memory', divisor: '1Mi' },
      },
    ]
    const path = await mounted({ name: 'v', downwardAPI: { items } })
    const texts = items.map((item) => readFileSync(join(path, item.path), 'utf8'))
    expect(texts).toEqual(['a="1"\nb="say \\"hi\\""', 'web', '64'])
  })

  it('projected holds all its sources, and keeps a token until most of its life is over', async () => {
    const volume: Volume = {
      name: 'v',
      projected: {
        defaultMode: 0o440,
        sources: [
          { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 1000 } },
          { configMap: { name: 'code', items: [{ key: 'main.ts', path: 'deep/main.ts' }] } },
          { secret: { name: 'login' } },
          { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    }
    const path = await mounted(volume)
    const read = (name: string) => readFileSync(join(path, name), 'utf8')
    expect([read('deep/main.ts'), read('password'), read('ns')]).toEqual(['one', 'secret', 'lesson'])
    expect(statSync(join(path, 'token')).mode & 0o777).toBe(0o440)
    const token = read('token')
    expect(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())).toMatchObject({
      aud: ['vault'],
    })
    await clock.advance(790_000)
    await mounted(volume)
    expect([read('token') === token, tokensIssued]).toEqual([true, 1])
    await clock.advance(20_000)
    await mounted(volume)
    expect([read('token') === token, tokensIssued]).toEqual([false, 2])
  })

  it('shows a change all at once, without what is gone, and not where one file of it is mounted', async () => {
    const volume = { name: 'v', configMap: { name: 'changing' } }
    objects['/api/v1/namespaces/lesson/configmaps/changing'] = { data: { a: '1', b: '1' } }
    const path = await mounted(volume)
    const [single] = await mountsOf(volume, { subPath: 'a' })
    const dated = readlinkSync(join(path, '..data'))
    await mounted(volume)
    expect(readlinkSync(join(path, '..data'))).toBe(dated)
    const open = openSync(single!.source, 'r')
    objects['/api/v1/namespaces/lesson/configmaps/changing'] = { data: { a: '2', c: '2' } }
    await mounted(volume)
    expect(readdirSync(path).sort()).toEqual([readlinkSync(join(path, '..data')), '..data', 'a', 'c'].sort())
    expect([readFileSync(join(path, 'a'), 'utf8'), readFileSync(open, 'utf8')]).toEqual(['2', '1'])
    closeSync(open)
  })

  it('that is optional and missing is empty', async () => {
    const path = await mounted({ name: 'v', configMap: { name: 'nope', optional: true } })
    expect(statSync(path).isDirectory()).toBe(true)
  })

  it.each<[Volume, string]>([
    [
      { name: 'v', configMap: { name: 'nope' } },
      'MountVolume.SetUp failed for volume "v" : configmap "nope" not found',
    ],
    [
      { name: 'v', secret: { secretName: 'nope' } },
      'MountVolume.SetUp failed for volume "v" : secret "nope" not found',
    ],
    [
      { name: 'v', configMap: { name: 'code', items: [{ key: 'a', path: 'a' }] } },
      'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: a',
    ],
    [
      { name: 'v', secret: { secretName: 'login', items: [{ key: 'a', path: 'a' }] } },
      'MountVolume.SetUp failed for volume "v" : references non-existent secret key: a',
    ],
    [
      { name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'ca' } }] } },
      'MountVolume.SetUp failed for volume "v" : the embedded cluster does not project sources of type clusterTrustBundle',
    ],
    [
      { name: 'v', hostPath: { path: '/etc' } },
      'MountVolume.SetUp failed for volume "v" : the embedded cluster does not serve volumes of type hostPath, only emptyDir, configMap, secret, downwardAPI, projected',
    ],
  ])('%j is refused: %s', async (volume, message) => {
    await expect(mounted(volume)).rejects.toThrow(message)
  })
})

describe('a mount', () => {
  it('of something from the API is read-only', async () => {
    await mounted({ name: 'v', configMap: { name: 'code' } })
    expect(await mountsOf({ name: 'v', configMap: { name: 'code' } }, {})).toMatchObject([{ readOnly: true }])
  })

  it('with subPath is that folder, made when it is not there', async () => {
    const volume = { name: 'v', emptyDir: {} }
    const path = await mounted(volume)
    const [mount] = await mountsOf(volume, { subPathExpr: 'a/$(POD)' })
    expect(mount!.source).toBe(join(path, 'a/web'))
    expect(statSync(mount!.source).isDirectory()).toBe(true)
  })

  it('with a subPathExpr of unknown variables is refused', async () => {
    const volume = { name: 'v', emptyDir: {} }
    await mounted(volume)
    await expect(mountsOf(volume, { subPathExpr: '$(B)/$$(C)/$(A)' })).rejects.toThrow(
      'missing value for A, B',
    )
  })

  it('with subPath of a ConfigMap is the file itself', async () => {
    const volume = { name: 'v', configMap: { name: 'code' } }
    await mounted(volume)
    const [mount] = await mountsOf(volume, { subPath: 'main.ts' })
    expect(readFileSync(mount!.source, 'utf8')).toBe('one')
  })

  it.each(['link', 'link/new/deep', '../..'])(
    'with subPath %s does not lead out of its volume',
    async (subPath) => {
      const volume = { name: 'v', emptyDir: {} }
      const path = await mounted(volume)
      const outside = mkdtempSync(join(tmpdir(), 'outside-'))
      symlinkSync(outside, join(path, 'link'))
      await expect(mountsOf(volume, { subPath })).rejects.toThrow(
        'failed to prepare subPath for volumeMount "v" of container "app"',
      )
      rmSync(outside, { recursive: true })
    },
  )
})

async function mounted(volume: Volume): Promise<string> {
  await mountVolumes(podOf(volume), folder, context)
  const [mount] = await mountsOf(volume, {})
  return mount!.source
}

function mountsOf(volume: Volume, part: Partial<NonNullable<Container['volumeMounts']>[number]>) {
  const volumeMounts = [{ name: 'v', mountPath: '/v', ...part }]
  return containerMounts(podOf(volume), { name: 'app', volumeMounts }, folder, { POD: 'web' })
}

function podOf(volume: Volume): Pod {
  return {
    metadata: { name: 'web', namespace: 'lesson', uid: 'u-1', labels: { b: 'say "hi"', a: '1' } },
    spec: {
      volumes: [volume],
      containers: [{ name: 'app', resources: { limits: { memory: '64Mi' } } }],
      serviceAccountName: 'builder',
    },
  } as unknown as Pod
}

/** A JWT without a signature that tells what it was asked for. */
function tokenOf(request: unknown): string {
  const { spec } = request as { spec: { expirationSeconds: number; audiences: string[] } }
  const iat = clock.now() / 1000
  const claims = { iat, exp: iat + spec.expirationSeconds, aud: spec.audiences }
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
}
