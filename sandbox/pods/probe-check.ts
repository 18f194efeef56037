/** One probe, asked once: the check itself and what the kubelet makes of the answer. */
import { Writable } from 'node:stream'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Container } from '../objects.ts'
import { httpGet, resolvePort } from './http-get.ts'
import { networkErrorText } from './network-errors.ts'
import type { ContainerRuntime } from './runtime.ts'

/** A probe of any of the three kinds: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes */
export type Probe = NonNullable<Container['livenessProbe']>

/** The kubelet keeps no more of a command's output. */
const MAX_OUTPUT_BYTES = 10 * 1024

/** Whom to probe, and with what. */
export interface ProbeTarget {
  container: Container
  containerId: string
  podIp: string
  /** `v1.33.4`: probes say who they are. */
  version: string
  runtime: ContainerRuntime
  clock: Clock
}

/** `warning` counts as a success, `unknown` counts for nothing: the check itself went wrong. */
export interface Verdict {
  is: 'success' | 'warning' | 'failure' | 'unknown'
  /** In the kubelet's words. */
  output: string
}

/** Asks once, for at most the probe's timeoutSeconds. Abort ends it early with any verdict. Never throws. */
export async function checkProbe(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<Verdict> {
  const timeout = new AbortController()
  const abort = () => timeout.abort()
  const cancel = target.clock.schedule((probe.timeoutSeconds ?? 1) * 1000, abort)
  signal.addEventListener('abort', abort)
  try {
    return await check(probe, target, timeout.signal)
  } catch (error) {
    return { is: 'unknown', output: messageOf(error) }
  } finally {
    cancel()
    signal.removeEventListener('abort', abort)
  }
}

/** Runs a command in a container; its output is cut at 10 KiB. Throws what the runtime says of one that can't start. */
export async function runCommand(
  argv: string[],
  { runtime, containerId }: Pick<ProbeTarget, 'runtime' | 'containerId'>,
  signal: AbortSignal,
): Promise<{ exitCode: number; output: string }> {
  const chunks: Buffer[] = []
  const taker = () =>
    new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk), done()) })
  const options = { argv, tty: false, stdout: taker(), stderr: taker(), signal }
  const exitCode = await (await runtime.exec(containerId, options)).exitCode
  return { exitCode, output: Buffer.concat(chunks).subarray(0, MAX_OUTPUT_BYTES).toString() }
}

/** How probes (`kube-probe`) and hooks (`kube-lifecycle`) name themselves: `kube-probe/1.33`. */
export function userAgentOf(name: string, version: string): string {
  return `${name}/${version.replace(/^v(\d+\.\d+).*/, '$1')}`
}

async function check(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<Verdict> {
  if (probe.exec) return await checkCommand(probe, target, signal)
  if (probe.httpGet) return await checkHttp(probe, target, signal)
  if (probe.tcpSocket) return await checkTcp(probe, target, signal)
  if (probe.grpc) return await checkGrpc(probe, target, signal)
  throw new Error(`missing probe handler for ${target.container.name}`)
}

async function checkCommand(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<Verdict> {
  const argv = probe.exec!.command ?? []
  try {
    const { exitCode, output } = await runCommand(argv, target, signal)
    if (signal.aborted) {
      const text = `command timed out: "${argv.join(' ')}" timed out after ${probe.timeoutSeconds ?? 1}s`
      return { is: 'failure', output: text }
    }
    return { is: exitCode === 0 ? 'success' : 'failure', output }
  } catch (error) {
    return { is: 'unknown', output: `rpc error: code = Unknown desc = ${messageOf(error)}` }
  }
}

async function checkHttp(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<Verdict> {
  const { container, podIp, version } = target
  resolvePort(probe.httpGet!.port, container)
  try {
    const userAgent = userAgentOf('kube-probe', version)
    const { statusCode, body } = await httpGet(probe.httpGet!, { container, podIp, userAgent, signal })
    if (statusCode >= 300 && statusCode < 400) {
      return { is: 'warning', output: `Probe terminated redirects, Response body: ${body}` }
    }
    if (statusCode >= 200 && statusCode < 300) return { is: 'success', output: body }
    return { is: 'failure', output: `HTTP probe failed with statuscode: ${statusCode}` }
  } catch (error) {
    return { is: 'failure', output: messageOf(error) }
  }
}

async function checkTcp(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<Verdict> {
  const { host, port } = probe.tcpSocket!
  const number = resolvePort(port, target.container)
  const { connect } = await import('node:net')
  return await new Promise<Verdict>((resolve) => {
    const address = `${host || target.podIp}:${number}`
    const socket = connect({ host: host || target.podIp, port: number })
    const settle = (verdict: Verdict) => {
      socket.destroy()
      resolve(verdict)
    }
    socket.once('connect', () => settle({ is: 'success', output: '' }))
    socket.on('error', (error) => settle({ is: 'failure', output: networkErrorText(error, address) }))
    const late = () => settle({ is: 'failure', output: `dial tcp ${address}: i/o timeout` })
    signal.addEventListener('abort', late, { once: true })
  })
}

async function checkGrpc(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<Verdict> {
  // Loaded when first needed: the engine is to be up at once.
  const { checkGrpcHealth } = await import('./grpc-health.ts')
  const problem = await checkGrpcHealth({
    address: `${target.podIp}:${probe.grpc!.port}`,
    service: probe.grpc!.service ?? '',
    timeoutSeconds: probe.timeoutSeconds ?? 1,
    userAgent: userAgentOf('kube-probe', target.version),
    clock: target.clock,
    signal,
  })
  return problem === undefined
    ? { is: 'success', output: 'service healthy' }
    : { is: 'failure', output: problem }
}
