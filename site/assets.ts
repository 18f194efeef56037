/** Bundles what the browser loads: one script, one style sheet, one icon. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, type Rolldown } from 'vite'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** Minified, in memory. */
export interface Bundle {
  script: string
  style: string
  icon: string
}

/** A classic script, not a module: browsers refuse modules to pages that were opened as files. */
export async function bundleAssets(): Promise<Bundle> {
  const result = (await build({
    root: FOLDER,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      // One file; else a classic script would carry its styles inside.
      cssCodeSplit: false,
      target: 'es2023',
      // Keeps light-dark() as it is; a browser without it shows its own colors.
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      rolldownOptions: { input: `${FOLDER}browser/main.ts`, output: { format: 'iife' } },
    },
  })) as Rolldown.RolldownOutput
  const script = result.output.find((file) => file.type === 'chunk')!.code
  const style = result.output.find((file) => file.type === 'asset')!.source as string
  return { script, style, icon: await readFile(`${FOLDER}style/icon.svg`, 'utf8') }
}

/** A name that changes with the content, so that browsers may keep the file for ever. */
export function hashedName(name: string, ending: string, content: string): string {
  return `assets/${name}-${createHash('sha256').update(content).digest('hex').slice(0, 8)}.${ending}`
}
