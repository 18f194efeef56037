/** pods/binding: how a scheduler gives a pod its node. */
import { timestamp } from '../../clock.ts'
import type { Pod } from '../../objects.ts'
import { json } from '../answer.ts'
import { readData } from '../body.ts'
import { isRecord } from '../decode.ts'
import type { Subresource } from '../resource.ts'
import { badRequest, conflict, qualified } from '../status.ts'
import { findObject } from '../verbs/read.ts'
import { isDryRun } from '../verbs/writing.ts'

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/binding-v1/ */
export const binding: Subresource = {
  verbs: ['create'],
  kind: 'Binding',
  async handle(api, route, request) {
    const body = await readData(request, 'Binding')
    const target = isRecord(body) && isRecord(body.target) ? body.target.name : undefined
    if (typeof target !== 'string' || target === '') throw badRequest('target.name: Required value')
    const pod = findObject(api, route) as Pod
    if (pod.spec.nodeName) {
      throw conflict(
        route.resource,
        pod.metadata.name,
        `pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName}"`,
      )
    }
    const others = (pod.status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled')
    const bound: Pod = {
      ...pod,
      spec: { ...pod.spec, nodeName: target },
      status: {
        ...pod.status,
        conditions: [
          ...others,
          {
            type: 'PodScheduled',
            status: 'True',
            lastProbeTime: null as unknown as undefined,
            lastTransitionTime: timestamp(api.clock.now()),
          },
        ],
      },
    }
    if (!isDryRun(route.query)) api.store.put(qualified(route.resource), bound)
    return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
  },
}
