/** What a container says at its end: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ */
import { chmod, mkdir, open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Container, Pod } from '../objects.ts'
import { readLog } from './logs.ts'
import { containersOf } from './record.ts'
import type { ContainerMount } from './runtime.ts'

const MAX_BYTES = 4096
/** Of all containers of a pod together, an equal share for each. */
const MAX_POD_BYTES = 12 * 1024
const LOG_LINES = 80
const MAX_LOG_BYTES = 2048

/** The file that a container finds at its terminationMessagePath, made afresh for each run. */
export async function terminationMessageMount(
  podFolder: string,
  { name, terminationMessagePath }: Container,
  attempt: number,
): Promise<ContainerMount[]> {
  if (!terminationMessagePath) return []
  const source = fileOf(podFolder, name, attempt)
  await mkdir(dirname(source), { recursive: true })
  await writeFile(source, '')
  // Whoever the container runs as.
  await chmod(source, 0o666)
  return [{ source, mountPath: terminationMessagePath, readOnly: false }]
}

/** Which run of which container ended, and how. */
export interface EndOfRun {
  podFolder: string
  logPath: string
  attempt: number
  exitCode: number
}

/** What it left in that file, or with FallbackToLogsOnError the end of its log when it failed without a word. */
export async function readTerminationMessage(
  pod: Pod,
  container: Container,
  { podFolder, logPath, attempt, exitCode }: EndOfRun,
): Promise<string> {
  const share = Math.floor(MAX_POD_BYTES / containersOf(pod).length)
  const written = await endOfFile(fileOf(podFolder, container.name, attempt), MAX_BYTES)
  const isLogAsked = container.terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0
  const message = written.length > 0 || !isLogAsked ? written : await endOfLog(logPath)
  return message.subarray(0, share).toString()
}

function fileOf(podFolder: string, container: string, attempt: number): string {
  return join(podFolder, 'containers', container, String(attempt))
}

async function endOfFile(path: string, bytes: number): Promise<Buffer> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const position = Math.max(size - bytes, 0)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position)
    return buffer.subarray(0, bytesRead)
  } catch {
    // A container that has no such file left no message.
    return Buffer.alloc(0)
  }
}

async function endOfLog(path: string): Promise<Buffer> {
  try {
    const log = await new Response(await readLog(path, { tailLines: LOG_LINES })).arrayBuffer()
    return Buffer.from(log).subarray(-MAX_LOG_BYTES)
  } catch {
    return Buffer.alloc(0)
  }
}
