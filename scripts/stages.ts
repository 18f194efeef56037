/** Long work as a visible list of stages: one line each, a stage has failed until it is done. */
import { styleText } from 'node:util'
import type { Progress } from '#sandbox/cluster.ts'
import { canRedraw } from './terminal/print.ts'

/**
 * A progress that writes to `out`. In a terminal a stage's line is shown at once and completed in place;
 * elsewhere a line is written when the stage has ended, so that logs and screen readers get each one once.
 */
export function stages(out: NodeJS.WriteStream = process.stderr): Progress {
  return {
    stage(title) {
      const started = performance.now()
      if (canRedraw(out)) out.write(`  … ${title}`)
      const end = (mark: string, color: 'green' | 'red', note?: string) => {
        const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`
        const line = `${styleText(color, mark, { stream: out })} ${title} ${styleText('dim', [note, seconds].filter(Boolean).join(', '), { stream: out })}`
        out.write(`${canRedraw(out) ? '\r\u001B[K' : ''}  ${line}\n`)
      }
      return { done: (note) => end('✓', 'green', note), failed: () => end('✗', 'red') }
    },
  }
}
