/** The fields of what `kubectl create` posts as protobuf, by their numbers in Kubernetes' generated.proto. */

/**
 * How the value of a field is written. Of numbers and truths, `int` and `bool` leave zero out as Go's JSON does,
 * `zeroInt` and `zeroBool` keep it: there it was set on purpose. `ignored` is what a server overwrites.
 */
export type FieldType =
  | 'text'
  | 'bytes'
  | 'int'
  | 'zeroInt'
  | 'bool'
  | 'zeroBool'
  | 'time'
  | 'intOrString'
  | 'quantity'
  | 'textMap'
  | 'bytesMap'
  | 'quantityMap'
  | 'ignored'
  | Message

/** One field of a message. */
export interface Field {
  name: string
  type: FieldType
  repeated: boolean
}

/** Fields by number. */
export type Message = ReadonlyMap<number, Field>

/** A table of fields: number, name, type, and whether it repeats. */
export function message(...fields: [number, string, FieldType, 'repeated'?][]): Message {
  return new Map(
    fields.map(([number, name, type, repeated]) => [
      number,
      { name, type, repeated: repeated !== undefined },
    ]),
  )
}

const OWNER = message(
  [1, 'kind', 'text'],
  [3, 'name', 'text'],
  [4, 'uid', 'text'],
  [5, 'apiVersion', 'text'],
  [6, 'controller', 'zeroBool'],
  [7, 'blockOwnerDeletion', 'zeroBool'],
)
const METADATA = message(
  [1, 'name', 'text'],
  [2, 'generateName', 'text'],
  [3, 'namespace', 'text'],
  [4, 'selfLink', 'ignored'],
  [5, 'uid', 'text'],
  [6, 'resourceVersion', 'text'],
  [7, 'generation', 'int'],
  [8, 'creationTimestamp', 'time'],
  [9, 'deletionTimestamp', 'time'],
  [10, 'deletionGracePeriodSeconds', 'zeroInt'],
  [11, 'labels', 'textMap'],
  [12, 'annotations', 'textMap'],
  [13, 'ownerReferences', OWNER, 'repeated'],
  [14, 'finalizers', 'text', 'repeated'],
  [17, 'managedFields', 'ignored'],
)
const REFERENCE = message([1, 'name', 'text'])
const SELECTOR = message(
  [1, 'matchLabels', 'textMap'],
  [
    2,
    'matchExpressions',
    message([1, 'key', 'text'], [2, 'operator', 'text'], [3, 'values', 'text', 'repeated']),
    'repeated',
  ],
)
const CONTAINER = message(
  [1, 'name', 'text'],
  [2, 'image', 'text'],
  [3, 'command', 'text', 'repeated'],
  [4, 'args', 'text', 'repeated'],
  [5, 'workingDir', 'text'],
  [
    6,
    'ports',
    message(
      [1, 'name', 'text'],
      [2, 'hostPort', 'int'],
      [3, 'containerPort', 'int'],
      [4, 'protocol', 'text'],
      [5, 'hostIP', 'text'],
    ),
    'repeated',
  ],
  [7, 'env', message([1, 'name', 'text'], [2, 'value', 'text']), 'repeated'],
  [8, 'resources', message([1, 'limits', 'quantityMap'], [2, 'requests', 'quantityMap'])],
  [
    9,
    'volumeMounts',
    message([1, 'name', 'text'], [2, 'readOnly', 'bool'], [3, 'mountPath', 'text'], [4, 'subPath', 'text']),
    'repeated',
  ],
  [13, 'terminationMessagePath', 'text'],
  [14, 'imagePullPolicy', 'text'],
  [16, 'stdin', 'bool'],
  [17, 'stdinOnce', 'bool'],
  [18, 'tty', 'bool'],
  [20, 'terminationMessagePolicy', 'text'],
  [24, 'restartPolicy', 'text'],
)
const TEMPLATE = message(
  [1, 'metadata', METADATA],
  [
    2,
    'spec',
    message(
      [2, 'containers', CONTAINER, 'repeated'],
      [3, 'restartPolicy', 'text'],
      [4, 'terminationGracePeriodSeconds', 'zeroInt'],
      [5, 'activeDeadlineSeconds', 'zeroInt'],
      [6, 'dnsPolicy', 'text'],
      [7, 'nodeSelector', 'textMap'],
      [8, 'serviceAccountName', 'text'],
      [9, 'serviceAccount', 'text'],
      [10, 'nodeName', 'text'],
      [19, 'schedulerName', 'text'],
      [20, 'initContainers', CONTAINER, 'repeated'],
    ),
  ],
)
const STRATEGY = message(
  [1, 'type', 'text'],
  [2, 'rollingUpdate', message([1, 'maxUnavailable', 'intOrString'], [2, 'maxSurge', 'intOrString'])],
)

/** The kinds that are read, by apiVersion and kind. */
export const KINDS: Record<string, Message> = {
  'v1/Namespace': message(
    [1, 'metadata', METADATA],
    [2, 'spec', message([1, 'finalizers', 'text', 'repeated'])],
    [3, 'status', 'ignored'],
  ),
  'v1/ConfigMap': message(
    [1, 'metadata', METADATA],
    [2, 'data', 'textMap'],
    [3, 'binaryData', 'bytesMap'],
    [4, 'immutable', 'zeroBool'],
  ),
  'v1/Secret': message(
    [1, 'metadata', METADATA],
    [2, 'data', 'bytesMap'],
    [3, 'type', 'text'],
    [4, 'stringData', 'textMap'],
    [5, 'immutable', 'zeroBool'],
  ),
  'v1/ServiceAccount': message(
    [1, 'metadata', METADATA],
    [3, 'imagePullSecrets', REFERENCE, 'repeated'],
    [4, 'automountServiceAccountToken', 'zeroBool'],
  ),
  'apps/v1/Deployment': message(
    [1, 'metadata', METADATA],
    [
      2,
      'spec',
      message(
        [1, 'replicas', 'zeroInt'],
        [2, 'selector', SELECTOR],
        [3, 'template', TEMPLATE],
        [4, 'strategy', STRATEGY],
        [5, 'minReadySeconds', 'int'],
        [6, 'revisionHistoryLimit', 'zeroInt'],
        [7, 'paused', 'bool'],
        [9, 'progressDeadlineSeconds', 'zeroInt'],
      ),
    ],
    [3, 'status', 'ignored'],
  ),
  'batch/v1/Job': message(
    [1, 'metadata', METADATA],
    [
      2,
      'spec',
      message(
        [1, 'parallelism', 'zeroInt'],
        [2, 'completions', 'zeroInt'],
        [3, 'activeDeadlineSeconds', 'zeroInt'],
        [4, 'selector', SELECTOR],
        [5, 'manualSelector', 'zeroBool'],
        [6, 'template', TEMPLATE],
        [7, 'backoffLimit', 'zeroInt'],
        [8, 'ttlSecondsAfterFinished', 'zeroInt'],
        [9, 'completionMode', 'text'],
        [10, 'suspend', 'zeroBool'],
      ),
    ],
    [3, 'status', 'ignored'],
  ),
  'v1/Service': message(
    [1, 'metadata', METADATA],
    [
      2,
      'spec',
      message(
        [
          1,
          'ports',
          message(
            [1, 'name', 'text'],
            [2, 'protocol', 'text'],
            [3, 'port', 'int'],
            [4, 'targetPort', 'intOrString'],
            [5, 'nodePort', 'int'],
            [6, 'appProtocol', 'text'],
          ),
          'repeated',
        ],
        [2, 'selector', 'textMap'],
        [3, 'clusterIP', 'text'],
        [4, 'type', 'text'],
        [7, 'sessionAffinity', 'text'],
        [10, 'externalName', 'text'],
        [13, 'publishNotReadyAddresses', 'bool'],
        [17, 'ipFamilyPolicy', 'text'],
        [18, 'clusterIPs', 'text', 'repeated'],
        [19, 'ipFamilies', 'text', 'repeated'],
        [22, 'internalTrafficPolicy', 'text'],
      ),
    ],
    [3, 'status', 'ignored'],
  ),
  'authentication.k8s.io/v1/TokenRequest': message(
    [1, 'metadata', METADATA],
    [
      2,
      'spec',
      message(
        [1, 'audiences', 'text', 'repeated'],
        [
          3,
          'boundObjectRef',
          message([1, 'kind', 'text'], [2, 'apiVersion', 'text'], [3, 'name', 'text'], [4, 'uid', 'text']),
        ],
        [4, 'expirationSeconds', 'zeroInt'],
      ),
    ],
    [3, 'status', 'ignored'],
  ),
}
