/** Proves where a pod's picture puts things. */
import { describe, expect, test } from 'vitest'
import { readPodPicture } from '#sandbox/course/pod-picture.ts'
import { describePod } from '../../../site/pod/describe.ts'
import { layoutPod } from '../../../site/pod/layout.ts'

const picture = await readPodPicture(
  'pod.yaml',
  `apiVersion: v1
kind: Pod
metadata: { name: guestbook }
spec:
  volumes:
    - { name: data, emptyDir: {} }
    - { name: unused, emptyDir: {} }
  initContainers:
    - { name: prepare, image: busybox, volumeMounts: [{ name: data, mountPath: /data }] }
    - { name: proxy, image: 'node:24', restartPolicy: Always, ports: [{ containerPort: 8080 }] }
  containers:
    - name: app
      image: registry.example.com/a-team/with-a-long-name/guestbook:1.0.0
      env: [{ name: UPSTREAM, value: 'http://localhost:8080/entries' }]
      volumeMounts:
        - { name: data, mountPath: /a/path/that/is/much/too/long/for/any/phone, readOnly: true }
    - { name: watcher, image: busybox }
`,
)

describe('the picture of a pod', () => {
  test('numbers containers in the order of their start, and gives all apps the last number', () => {
    const turns = layoutPod(picture, 704).boxes.map(({ container, turn }) => [container.name, turn])
    expect(turns).toEqual([
      ['prepare', 1],
      ['proxy', 2],
      ['app', 3],
      ['watcher', 3],
    ])
  })

  test('draws the life of a sidecar from its box to the end of the apps', () => {
    const { lives, boxes } = layoutPod(picture, 704)
    const last = boxes.at(-1)!
    expect(lives).toMatchObject([{ fromY: boxes[1]!.nameY, toY: last.y + last.height }])
  })

  test('wires each mount to the rail of its volume, and leaves out a volume that nobody mounts', () => {
    const { wires, volumes } = layoutPod(picture, 704)
    expect(volumes.map(({ name }) => name)).toEqual(['data'])
    expect(wires.map(({ toX, readOnly }) => ({ toX, readOnly }))).toEqual([
      { toX: volumes[0]!.railX, readOnly: false },
      { toX: volumes[0]!.railX, readOnly: true },
    ])
  })

  test('leads a call over localhost to the port that listens', () => {
    const { calls, boxes } = layoutPod(picture, 704)
    const port = boxes[1]!.lines.find(({ kind }) => kind === 'port')!
    expect(calls).toMatchObject([{ toY: port.y, toX: boxes[1]!.x }])
  })

  test.for([704, 328])('breaks what is longer than a box of a picture of %i pixels', (width) => {
    for (const { lines, width: inner } of layoutPod(picture, width).boxes) {
      for (const { text, note = '' } of lines) expect((text.length + note.length) * 7.9).toBeLessThan(inner)
    }
  })

  test('is said in words as well', () => {
    expect(describePod(picture)).toMatchInlineSnapshot(
      `"Init container prepare has the image busybox, sees volume data at /data. Native sidecar proxy has the image node:24, listens on port 8080. Container app has the image registry.example.com/a-team/with-a-long-name/guestbook:1.0.0, sees volume data at /a/path/that/is/much/too/long/for/any/phone, read-only. Container watcher has the image busybox. app calls proxy over localhost, port 8080. Volume data is of type emptyDir. Volume unused is of type emptyDir."`,
    )
  })
})
