import { describe, expect, test } from 'vitest'
import { readPodPicture } from '#sandbox/course/pod-picture.ts'

const SPEC = `
initContainers:
  - { name: proxy, image: node:24, restartPolicy: Always }
  - { name: prepare, image: busybox }
containers:
  - { name: worker, image: node:24 }`

const indented = (columns: number) => SPEC.replaceAll('\n', `\n${' '.repeat(columns)}`)
const pod = `apiVersion: v1\nkind: Pod\nmetadata: { name: shop }\nspec:${indented(2)}\n`
const job = `apiVersion: batch/v1\nkind: Job\nmetadata: { name: report }\nspec:\n  template:\n    spec:${indented(6)}\n`

describe('a picture of a pod', () => {
  test.for([
    ['a pod', pod, 'shop'],
    ['the pods that a Job makes', job, 'report'],
    ['the pod, where there is a Job too', `${job}---\n${pod}`, 'shop'],
  ])('shows %s, with the role of each container', async ([, text, name]) => {
    const picture = await readPodPicture('pod.yaml', text!)
    expect(picture.name).toBe(name)
    expect(picture.containers.map((each) => `${each.role} ${each.name}`)).toEqual([
      'sidecar proxy',
      'init prepare',
      'app worker',
    ])
  })
})
