/** Which Node runs the kit. */
import { fine, type Finding } from '../finding.ts'

/** It is new enough, or this file would not run; which one it is explains much. */
export async function examine(): Promise<Finding> {
  return fine('the Node that runs this', `${process.version}, ${process.execPath}`)
}
