/** Whether npm, which starts every command, runs. */
import { runCommand } from '../../command.ts'
import { findBinary } from '../../find-binary.ts'
import { fine, type Finding } from '../finding.ts'

/** Runs `npm --version`. */
export async function examine(): Promise<Finding> {
  const tried = 'npm --version'
  const costs = '“npm ci” and “npm run …” can’t be typed'
  const mend = 'install Node with npm: https://nodejs.org/en/download'
  if (!findBinary('npm')) return { state: 'limited', tried, found: 'npm is not on PATH', costs, mend }
  // It would leave a cache in the folder for temporary files.
  const env = { NODE_DISABLE_COMPILE_CACHE: '1' }
  const { exitCode, stdout, stderr } = await runCommand('npm', ['--version'], { env })
  if (exitCode === 0) return fine(tried, stdout)
  return { state: 'limited', tried, found: stderr.slice(-200) || `exit code ${exitCode}`, costs, mend }
}
