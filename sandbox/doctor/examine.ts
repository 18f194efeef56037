/** Examines this machine: every file of probes/ tries one thing. */
import { readdir } from 'node:fs/promises'
import { messageOf } from '../errors.ts'
import type { Examine, Finding } from './finding.ts'

/** A finding with the name of the probe's file. */
export interface NamedFinding extends Finding {
  name: string
}

/** All findings, the worst first, then by name. A probe that throws has found that it could not try. */
export async function examine(): Promise<NamedFinding[]> {
  const folder = new URL('./probes/', import.meta.url)
  const names = (await readdir(folder)).map((file) => file.replace(/\.ts$/, '')).sort()
  const findings = await Promise.all(names.map(async (name) => ({ name, ...(await run(name, folder)) })))
  return findings.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
}

async function run(name: string, folder: URL): Promise<Finding> {
  try {
    const module = (await import(new URL(`${name}.ts`, folder).href)) as { examine: Examine }
    return await module.examine()
  } catch (error) {
    const costs = 'nobody knows: this is a fault of the doctor'
    return { state: 'limited', tried: `to examine ${name}`, found: messageOf(error), costs }
  }
}

const ORDER = ['broken', 'limited', 'ok'] as const
