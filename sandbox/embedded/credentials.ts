/** The embedded cluster's own certificate and token, made once per cluster, and the kubeconfig that carries them. */
import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SubjectAltNameEntry } from 'selfsigned'

/** PEM texts and the bearer token of the one administrator. */
export interface Credentials {
  certificate: string
  key: string
  token: string
}

/** Ten years: as long as kubeadm gives its certificate authority. */
const VALIDITY_MS = 10 * 365 * 24 * 60 * 60 * 1000

/** Reads the credentials of the cluster in `folder`, making them on first use (files of mode 0600). */
export async function ensureCredentials(folder: string): Promise<Credentials> {
  const path = join(folder, 'credentials.json')
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Credentials
  } catch {
    const credentials = await makeCredentials()
    await writePrivate(path, JSON.stringify(credentials))
    return credentials
  }
}

/** Writes the kubeconfig of the cluster in `folder` and answers its path. */
export async function writeKubeconfig(
  folder: string,
  port: number,
  credentials: Credentials,
): Promise<string> {
  const path = join(folder, 'kubeconfig')
  await writePrivate(path, kubeconfigText(`https://127.0.0.1:${port}`, credentials))
  return path
}

async function makeCredentials(): Promise<Credentials> {
  // Loaded here only: a cluster that has its certificate starts without it.
  const { generate } = await import('selfsigned')
  const pem = await generate([{ name: 'commonName', value: 'sidecar-workshop' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + VALIDITY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: SUBJECT_ALT_NAMES },
    ],
  })
  return { certificate: pem.cert, key: pem.private, token: randomBytes(32).toString('hex') }
}

function kubeconfigText(server: string, { certificate, token }: Credentials): string {
  return `apiVersion: v1
kind: Config
current-context: sidecar-workshop
contexts:
- name: sidecar-workshop
  context:
    cluster: sidecar-workshop
    user: sidecar-workshop
    namespace: default
clusters:
- name: sidecar-workshop
  cluster:
    server: ${server}
    certificate-authority-data: ${Buffer.from(certificate).toString('base64')}
users:
- name: sidecar-workshop
  user:
    token: ${token}
`
}

async function writePrivate(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`
  await writeFile(draft, text, { mode: 0o600 })
  await rename(draft, path)
}

/** Every name by which the API server is reached: from this machine, and from inside a pod. Type 2 is DNS, 7 is IP. */
const SUBJECT_ALT_NAMES: SubjectAltNameEntry[] = [
  { type: 7, ip: '127.0.0.1' },
  { type: 7, ip: '10.96.0.1' },
  { type: 2, value: 'localhost' },
  { type: 2, value: 'kubernetes' },
  { type: 2, value: 'kubernetes.default' },
  { type: 2, value: 'kubernetes.default.svc' },
  { type: 2, value: 'kubernetes.default.svc.cluster.local' },
]
