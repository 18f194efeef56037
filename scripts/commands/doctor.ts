/** `npm run doctor`: tries what the kit needs of this machine, and says what is missing and how to get it. */
import { parseArgs } from 'node:util'
import { examine, type NamedFinding } from '#sandbox/doctor/examine.ts'
import { findingLines } from '../terminal/finding.ts'
import { print } from '../terminal/print.ts'

export const summary = 'tries what the kit needs of this machine, and says what mends it'
export const usage = `npm run doctor                what was tried, what was found, what it costs, what mends it
npm run doctor -- --fix       does what needs no root, and prints the rest
npm run -s doctor -- --json   the same for machines
exit code: 0 when lessons can be played on the embedded cluster, 1 when not`

/** 0 unless something is broken. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { fix: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  })
  const fixed = values.fix ? await fixAll(await examine()) : []
  const findings = await examine()
  if (values.json) print(JSON.stringify({ fixed, findings }, undefined, 2))
  else show(fixed, findings)
  return findings.some(({ state }) => state === 'broken') ? 1 : 0
}

async function fixAll(findings: readonly NamedFinding[]): Promise<string[]> {
  const fixed: string[] = []
  for (const { fix } of findings) if (fix) fixed.push(await fix())
  return fixed
}

function show(fixed: readonly string[], findings: readonly NamedFinding[]): void {
  for (const text of fixed) print(`Mended: ${text}`)
  for (const finding of findings) for (const line of findingLines(finding)) print(line)
  const broken = findings.filter(({ state }) => state === 'broken').length
  const limited = findings.filter(({ state }) => state === 'limited').length
  print()
  if (broken > 0) print('No lesson can be played here until what is marked ✗ is mended.')
  else if (limited > 0) print('Lessons can be played here. What is marked ○ you may do without.')
  else print('All is well.')
}
