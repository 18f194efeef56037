/** Webhooks that change and refuse: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
import { generate } from 'selfsigned'
import { expect } from 'vitest'
import { SERVICES } from '#sandbox/kinds.ts'
import type { Requirement } from '../requirement.ts'
import { MUTATING_WEBHOOKS, SECRETS } from '../resources.ts'
import { UNTIL_TOLD, isReady, node, shell } from '../stage.ts'

const PAGE = 'reference/access-authn-authz/extensible-admission-controllers/'

/** Adds a native sidecar to every pod that it is asked about. */
const INJECTOR = `process.on('SIGTERM', () => process.exit())
const sidecar = { name: 'injected', image: 'busybox', restartPolicy: 'Always', command: ${JSON.stringify(['sh', '-c', UNTIL_TOLD])} }
const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/spec/initContainers', value: [sidecar] }])).toString('base64')
const read = (file) => fs.readFileSync('/tls/' + file)
require('https').createServer({ cert: read('tls.crt'), key: read('tls.key') }, async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  const { uid } = JSON.parse(text).request
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true, patchType: 'JSONPatch', patch } }))
}).listen(8443)`

/** Only pods of this namespace that ask for it: the rest of the cluster is not ours. */
function webhook(namespace: string, clientConfig: object, failurePolicy = 'Fail') {
  return {
    webhooks: [
      {
        name: 'inject.conformance.example',
        clientConfig,
        failurePolicy,
        timeoutSeconds: 5,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        objectSelector: { matchLabels: { inject: 'yes' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
    ],
  }
}

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A mutating webhook behind a Service injects a native sidecar into the pods that it selects',
    follows: PAGE,
    async check({ create, createPod, untilPod, client, namespace, eventually }) {
      const host = `injector.${namespace}.svc`
      const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
        keyType: 'ec',
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
      })
      await create(SECRETS, 'tls', { stringData: { 'tls.crt': cert, 'tls.key': key } })
      await create(SERVICES, 'injector', {
        spec: { selector: { app: 'injector' }, ports: [{ port: 443, targetPort: 8443 }] },
      })
      const server = node('app', INJECTOR, {
        volumeMounts: [{ name: 'tls', mountPath: '/tls' }],
        readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 },
      })
      const volumes = [{ name: 'tls', secret: { secretName: 'tls' } }]
      await createPod('injector', { volumes, containers: [server] }, { labels: { app: 'injector' } })
      await untilPod('injector', isReady)
      const clientConfig = {
        service: { name: 'injector', namespace },
        caBundle: Buffer.from(cert).toString('base64'),
      }
      await create(MUTATING_WEBHOOKS, namespace, webhook(namespace, clientConfig))
      try {
        const labels = { inject: 'yes' }
        // The API server learns of its webhooks a moment later.
        const pod = await eventually(async () => {
          const made = await createPod(
            'app',
            { containers: [shell('app', UNTIL_TOLD)] },
            { name: undefined, generateName: 'app-', labels },
          )
          return made.spec.initContainers ? made : undefined
        })
        expect(pod.spec.initContainers).toMatchObject([{ name: 'injected', restartPolicy: 'Always' }])
        expect(
          (await createPod('plain', { containers: [shell('app', UNTIL_TOLD)] })).spec.initContainers,
        ).toBeUndefined()
        await untilPod(pod.metadata.name, isReady)
      } finally {
        await client.delete(MUTATING_WEBHOOKS, { name: namespace })
      }
    },
  },
  {
    title: 'A webhook that does not answer refuses under failurePolicy Fail, and is passed over under Ignore',
    follows: PAGE,
    async check({ create, createPod, client, namespace, eventually }) {
      const clientConfig = { url: 'https://127.0.0.1:1/' }
      const attempt = (name: string) =>
        createPod(
          name,
          { containers: [shell('app', UNTIL_TOLD)] },
          { name: undefined, generateName: `${name}-`, labels: { inject: 'yes' } },
        )
      await create(MUTATING_WEBHOOKS, namespace, webhook(namespace, clientConfig))
      try {
        const refusal = await eventually(() =>
          attempt('failing').then(
            () => undefined,
            (error: Error) => error.message,
          ),
        )
        expect(refusal).toContain('failed calling webhook "inject.conformance.example"')
        await client.delete(MUTATING_WEBHOOKS, { name: namespace })
        await create(MUTATING_WEBHOOKS, namespace, webhook(namespace, clientConfig, 'Ignore'))
        await eventually(() => attempt('ignored').catch(() => undefined))
      } finally {
        await client.delete(MUTATING_WEBHOOKS, { name: namespace })
      }
    },
  },
]
