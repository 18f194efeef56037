/** What a container finds in its environment and its files: https://kubernetes.io/docs/concepts/storage/volumes/ */
import { expect } from 'vitest'
import { CONFIG_MAPS } from '#sandbox/client.ts'
import type { Requirement } from '../requirement.ts'
import { SECRETS } from '../resources.ts'
import { UNTIL_TOLD, hasEnded, isReady, shell, type Stage } from '../stage.ts'

/** Runs one container to its end and answers its log. */
async function runOnce(
  { createPod, untilPod, client, namespace }: Stage,
  script: string,
  more: object,
  spec = {},
  metadata = {},
) {
  await createPod(
    'once',
    { restartPolicy: 'Never', containers: [shell('app', script, more)], ...spec },
    metadata,
  )
  await untilPod('once', hasEnded)
  return client.logs({ namespace, name: 'once' })
}

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'Values of ConfigMaps and Secrets come as variables, one by one or all with a prefix',
    follows: 'tasks/configure-pod-container/configure-pod-configmap/',
    async check(stage) {
      await stage.create(CONFIG_MAPS, 'settings', { data: { level: 'high', color: 'blue' } })
      await stage.create(SECRETS, 'keys', { stringData: { password: 'open sesame' } })
      const log = await runOnce(stage, 'echo "$LEVEL $PASSWORD $P_level $P_color [$NONE]"', {
        env: [
          { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
          { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none', optional: true } } },
        ],
        envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }],
      })
      expect(log).toBe('high open sesame high blue []\n')
    },
  },
  {
    title: 'A container whose ConfigMap is missing waits with CreateContainerConfigError until it is there',
    follows: 'concepts/configuration/configmap/',
    async check({ create, createPod, untilPod }) {
      const configMapKeyRef = { name: 'late', key: 'level' }
      await createPod('patient', {
        containers: [shell('app', UNTIL_TOLD, { env: [{ name: 'LEVEL', valueFrom: { configMapKeyRef } }] })],
      })
      const waiting = await untilPod(
        'patient',
        ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.message,
      )
      expect(waiting.status.containerStatuses![0]!.state!.waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'configmap "late" not found',
      })
      await create(CONFIG_MAPS, 'late', { data: { level: 'high' } })
      await untilPod('patient', isReady)
    },
  },
  {
    title: 'Fields of the pod and figures of its containers come as variables',
    follows: 'tasks/inject-data-application/environment-variable-expose-pod-information/',
    async check(stage) {
      const fieldRef = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } })
      const log = await runOnce(
        stage,
        'echo "$NAME $NAMESPACE $COLOR $MEMORY $CPU"; [ -n "$IP" ] && [ -n "$NODE" ]',
        {
          resources: { limits: { memory: '64Mi', cpu: '1500m' } },
          env: [
            { name: 'NAME', ...fieldRef('metadata.name') },
            { name: 'NAMESPACE', ...fieldRef('metadata.namespace') },
            { name: 'COLOR', ...fieldRef("metadata.labels['color']") },
            { name: 'IP', ...fieldRef('status.podIP') },
            { name: 'NODE', ...fieldRef('spec.nodeName') },
            {
              name: 'MEMORY',
              valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } },
            },
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
          ],
        },
        {},
        { labels: { color: 'blue' } },
      )
      expect(log).toBe(`once ${stage.namespace} blue 64 2\n`)
    },
  },
  {
    title: '$(VAR) is replaced by variables defined before, and $$(VAR) is left alone',
    follows: 'tasks/inject-data-application/define-interdependent-environment-variables/',
    async check(stage) {
      const log = await runOnce(stage, 'echo "$ALL"; echo "$0" "$1" "$2"', {
        command: ['sh', '-c', 'echo "$ALL|$0|$1"', '$(HOST)', '$$(HOST)'],
        env: [
          { name: 'HOST', value: 'example' },
          { name: 'ALL', value: '$(HOST):$(PORT):$$(HOST)' },
          { name: 'PORT', value: '80' },
        ],
      })
      expect(log).toBe('example:$(PORT):$(HOST)|example|$(HOST)\n')
    },
  },
  {
    title: 'Containers share an emptyDir, which readOnly and subPath narrow',
    follows: 'concepts/storage/volumes/',
    async check({ createPod, untilPod, exec }) {
      await createPod('sharing', {
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [
          shell('writer', `echo hello >/data/word; ${UNTIL_TOLD}`, {
            volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'part' }],
          }),
          shell('reader', `until [ -s /all/part/word ]; do sleep 0.1; done; ${UNTIL_TOLD}`, {
            volumeMounts: [{ name: 'data', mountPath: '/all', readOnly: true }],
          }),
        ],
      })
      await untilPod('sharing', isReady)
      const look =
        'until [ -s /all/part/word ]; do sleep 0.1; done; cat /all/part/word; echo no >/all/x || echo refused'
      expect(await exec('sharing', 'reader', 'sh', '-c', look)).toBe('hello\nrefused')
    },
  },
  {
    title: 'An emptyDir outlives the restart of its container',
    follows: 'concepts/storage/volumes/',
    async check({ createPod, untilPod }) {
      await createPod('counting', {
        volumes: [{ name: 'data', emptyDir: { medium: 'Memory' } }],
        containers: [
          shell('app', `[ -f /data/again ] || { touch /data/again; exit 1; }; ${UNTIL_TOLD}`, {
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          }),
        ],
      })
      await untilPod(
        'counting',
        (pod) => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1,
      )
    },
  },
  {
    title: 'ConfigMaps, Secrets and fields of the pod come as files, alone or projected together',
    follows: 'concepts/storage/projected-volumes/',
    async check(stage) {
      await stage.create(CONFIG_MAPS, 'settings', { data: { level: 'high', color: 'blue' } })
      await stage.create(SECRETS, 'keys', { stringData: { password: 'open sesame' } })
      const downwardAPI = { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] }
      const mounts = ['config', 'secret', 'pod', 'all'].map((name) => ({ name, mountPath: `/in/${name}` }))
      const log = await runOnce(
        stage,
        'cd /in; for file in config/shade secret/password pod/labels all/level all/password all/labels; do cat $file; echo; done; stat -Lc %a secret/password',
        { volumeMounts: mounts },
        {
          volumes: [
            { name: 'config', configMap: { name: 'settings', items: [{ key: 'color', path: 'shade' }] } },
            { name: 'secret', secret: { secretName: 'keys', defaultMode: 0o400 } },
            { name: 'pod', downwardAPI },
            {
              name: 'all',
              projected: {
                sources: [{ configMap: { name: 'settings' } }, { secret: { name: 'keys' } }, { downwardAPI }],
              },
            },
          ],
        },
        { labels: { app: 'web' } },
      )
      expect(log).toBe('blue\nopen sesame\napp="web"\nhigh\nopen sesame\napp="web"\n400\n')
    },
  },
  {
    title: 'A projected token names its ServiceAccount and its audience',
    follows: 'tasks/configure-pod-container/configure-service-account/',
    async check(stage) {
      const serviceAccountToken = { path: 'vault', audience: 'vault', expirationSeconds: 7200 }
      const token = await runOnce(
        stage,
        'cat /token/vault',
        { volumeMounts: [{ name: 'token', mountPath: '/token' }] },
        { volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken }] } }] },
      )
      const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
      expect(claims).toMatchObject({
        aud: ['vault'],
        sub: `system:serviceaccount:${stage.namespace}:default`,
      })
    },
  },
]
