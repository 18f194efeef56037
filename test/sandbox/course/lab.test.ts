/** Proves on a real cluster what a check may see and do. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Deployer } from '#sandbox/course/deploy.ts'
import { createLab } from '#sandbox/course/lab.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'

const cluster = await startTestCluster()
const controller = new AbortController()
const lab = createLab(cluster, 'lab', controller.signal)

const POD = `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  volumes: [{ name: count, emptyDir: {} }]
  containers:
    - { name: server, image: "node:24", command: [node, -e, "${server()}"] }
    - name: twice
      image: busybox
      command: [sh, -c, "echo run >> /count/runs; echo run $(wc -l < /count/runs); [ $(wc -l < /count/runs) -ge 2 ] && exec sleep 600; exit 1"]
      volumeMounts: [{ name: count, mountPath: /count }]
`

/** Answers any path with its own status code. */
function server(): string {
  return 'http.createServer((q, s) => { s.statusCode = Number(q.url.slice(1)); s.setHeader(`x-method`, q.method); q.pipe(s) }).listen(8080)'
}

beforeAll(async () => {
  await new Deployer(cluster.client, 'lab').deploy(new Map([['pod.yaml', POD]]))
})
afterAll(() => controller.abort())

describe('a lab', () => {
  test('waits for a pod, and says of one that is not there that it is not', async () => {
    const pod = await lab.waitForPod('web', ({ status }) => status.phase === 'Running')
    expect(pod?.status.phase).toBe('Running')
    expect((await lab.pods()).map(({ metadata }) => metadata.name)).toEqual(['web'])
    expect(await lab.pod('none')).toBeUndefined()
    expect(await lab.waitForPod('none', () => true, { timeoutMs: 50 })).toBeUndefined()
  })

  test('reads the log of a restarted container with that of its previous run before it', async () => {
    const lines = await lab.waitForLog('web', 'twice', (all) => all.length >= 2, { timeoutMs: 15_000 })
    expect(lines).toEqual(['run 1', 'run 2'])
    expect(await lab.logLines('web', 'none')).toEqual([])
    expect(await lab.logLines('none', 'x')).toEqual([])
  })

  test('passes on what the pod answers, whatever its status, and `undefined` where nothing answers', async () => {
    const answered = await lab.until(() => lab.request('web', 8080, '/200'))
    expect(answered).toMatchObject({ status: 200, headers: { 'x-method': 'GET' } })
    const post = await lab.request('web', 8080, '/404', { method: 'POST', body: 'hello' })
    expect(post).toMatchObject({ status: 404, headers: { 'x-method': 'POST' }, body: 'hello' })
    expect(await lab.request('web', 8080, '/503')).toMatchObject({ status: 503 })
    expect(await lab.request('web', 9, '/')).toBeUndefined()
    expect(await lab.request('none', 80, '/')).toBeUndefined()
  })

  test('runs commands with input, and says of a container that does not run that it does not', async () => {
    const result = await lab.exec('web', 'server', ['sh', '-c', 'cat; echo err >&2; exit 3'], { stdin: 'in' })
    expect(result).toEqual({ exitCode: 3, stdout: 'in', stderr: 'err\n' })
    expect(await lab.exec('web', 'none', ['true'])).toBeUndefined()
    expect(await lab.exec('none', 'x', ['true'])).toBeUndefined()
  })

  test('does not wait for a command that never ends', async () => {
    const endless = lab.exec('web', 'server', ['sleep', '60'], { timeoutMs: 200 })
    await expect(endless).rejects.toThrow('“sleep 60” in container server did not end within 200 ms')
  })
})
