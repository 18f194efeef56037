/** Whether the clock is right enough for certificates and for the times in logs. */
import { stat } from 'node:fs/promises'
import { fine, type Finding } from '../finding.ts'

/** Compares the time with that of a file of the kit, which was there before now. */
export async function examine(): Promise<Finding> {
  const tried = 'comparing the clock with the age of the kit’s own files'
  const { mtimeMs } = await stat(new URL('../../../package.json', import.meta.url))
  const found = new Date().toISOString()
  if (Date.now() > Math.max(mtimeMs - DAY_MS, WRITTEN_MS)) return fine(tried, found)
  const costs = 'certificates are not valid yet, and times in logs lie'
  return { state: 'limited', tried, found, costs, mend: 'sudo timedatectl set-ntp true' }
}

const DAY_MS = 86_400_000
/** When this probe was written. */
const WRITTEN_MS = Date.parse('2026-11-28')
