/** `npm run bench`: the figures that README quotes, measured on this machine. */
import { readdir } from 'node:fs/promises'
import { WorkshopError } from '#sandbox/errors.ts'
import type { Row } from '../measure/row.ts'

export const summary = 'measures what README quotes'
export const usage = `npm run bench                every benchmark
npm run bench -- cluster     one of them, by its file in scripts/bench/`

/** 0 when every benchmark could be run. */
export async function run(args: string[]): Promise<number> {
  const folder = new URL('../bench/', import.meta.url)
  const names = (await readdir(folder)).map((file) => file.replace(/\.ts$/, ''))
  const unknown = args.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new WorkshopError(`there is no benchmark “${unknown}”`, `choose from: ${names.sort().join(', ')}`)
  }
  for (const name of args.length > 0 ? args : names.sort()) {
    console.log(`\n${name}`)
    const module = (await import(new URL(`${name}.ts`, folder).href)) as { run(): Promise<Row[]> }
    for (const row of await module.run()) console.log(format(row))
  }
  return 0
}

function format({ name, unit, value, runs, note }: Row): string {
  const figure =
    value === undefined ? '-' : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
  const about = [value !== undefined && runs > 1 && `median of ${runs}`, note].filter(Boolean).join('; ')
  return `  ${figure.padStart(9)} ${unit.padEnd(6)} ${name}${about && ` (${about})`}`
}
