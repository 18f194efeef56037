/** Proves what volumes look like on the host, and that none leads out of itself. */
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KubernetesClient } from '#sandbox/client.ts'
import type { Container, Pod, Volume } from '#sandbox/objects.ts'
import { containerMounts, mountVolumes } from '#sandbox/pods/volumes.ts'

const objects: Record<string, object> = {
  '/api/v1/namespaces/lesson/configmaps/code': { data: { 'main.ts': 'one' }, binaryData: { blob: '/wA=' } },
  '/api/v1/namespaces/lesson/secrets/login': { data: { password: 'c2VjcmV0' } },
}
const client = new KubernetesClient(async (request) => {
  const object = objects[new URL(request.url).pathname]
  if (object) return Response.json(object)
  return Response.json(
    { kind: 'Status', reason: 'NotFound', message: 'not found', code: 404 },
    { status: 404 },
  )
})

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
      { name: 'v', hostPath: { path: '/etc' } },
      'MountVolume.SetUp failed for volume "v" : the embedded cluster does not serve volumes of type hostPath, only emptyDir, configMap, secret',
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
  await mountVolumes(podOf(volume), folder, client, 1_000)
  const [mount] = await mountsOf(volume, {})
  return mount!.source
}

function mountsOf(volume: Volume, part: Partial<NonNullable<Container['volumeMounts']>[number]>) {
  const volumeMounts = [{ name: 'v', mountPath: '/v', ...part }]
  return containerMounts(podOf(volume), { name: 'app', volumeMounts }, folder, { POD: 'web' })
}

function podOf(volume: Volume): Pod {
  return {
    metadata: { name: 'web', namespace: 'lesson', uid: 'u-1' },
    spec: { volumes: [volume] },
  } as unknown as Pod
}
