/** A course of one small lesson, to try the engine on. */

/** A lesson.mdx with two steps; `body` replaces the text behind the front matter. */
export function lessonText(changes: { head?: string; body?: string } = {}): string {
  return `---\n${changes.head ?? HEAD}---\n${changes.body ?? BODY}`
}

/** The files of a course with the lesson `01-tiny-course`, by path from the lessons folder. */
export function tinyCourse(text = lessonText()): Record<string, string> {
  return {
    '01-tiny-course/lesson.mdx': text,
    '01-tiny-course/check.ts': CHECKS,
    '01-tiny-course/start/pod.yaml': POD,
    '01-tiny-course/start/sidecar.ts': '// start\n',
    '01-tiny-course/solution/look/sidecar.ts': '// looked\n',
    '01-tiny-course/solution/mend/pod.yaml': POD.replace('/data', '/shared'),
    '01-tiny-course/answers/mend/too-far/answer.yaml': ANSWER,
  }
}

/** A pod with two containers, a shared volume and a port. */
export const POD = `apiVersion: v1
kind: Pod
metadata:
  name: webserver
spec:
  volumes:
    - name: shared
      emptyDir: {}
  containers:
    - name: app
      image: nginx
      ports:
        - containerPort: 80
      volumeMounts:
        - name: shared
          mountPath: /data
    - name: sidecar
      image: busybox
      command: ["sh", "-c", "sleep 60"]
`

const HEAD = `title: Tiny course
minutes: 5
summary: One pod, two containers.
steps:
  - id: look
    title: Look
    hints: [Look at the pod, The mount is missing, Write the mount]
  - id: mend
    title: Mend
    hints:
      - Look again
      - "It is: still missing"
      - Write it
`

const BODY = `
Before the first step.

<Step id="look">

Read *this* first.

</Step>

<Step id="mend">

<Pod manifest="start/pod.yaml" />

<File path="start/pod.yaml" lines="3-4" />

</Step>

After the last step.
`

const ANSWER = `verdict: not yet
edits:
  - file: sidecar.ts
    find: looked
    replace: too far
hint: too far
why: overdone
`

const CHECKS = `export const checks = {
  look: async () => ({ verdict: 'done', evidence: { source: 'logs', text: 'seen' } }),
  mend: async () => ({ verdict: 'not yet', because: 'nothing is mended' }),
}
`
