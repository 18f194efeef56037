/** Whether there is memory for a cluster and its pods. */
import { fine, type Finding } from '../finding.ts'

/** What this process may still use, limits of a container included. */
export async function examine(): Promise<Finding> {
  const tried = 'asking for the memory that is free'
  const megabytes = Math.round(process.availableMemory() / 1e6)
  const found = `${megabytes.toLocaleString('en')} MB`
  if (megabytes > ENOUGH_MB) return fine(tried, found)
  const costs = 'pods with several Node programs may be killed for want of memory (137)'
  return {
    state: 'limited',
    tried,
    found,
    costs,
    mend: 'close other programs: the largest are in   ps aux --sort=-rss | head',
  }
}

/** The engine takes some 100 MB, a Node container about 50. */
const ENOUGH_MB = 700
