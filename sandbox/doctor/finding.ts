/** What an examination of this machine is made of. */

/** What was learned about one part of the machine. */
export interface Finding {
  /** `limited`: something that the kit offers will not work; `broken`: no lesson will. */
  state: 'ok' | 'limited' | 'broken'
  /** Completes “tried: …”. */
  tried: string
  /** What came of it, with the value. */
  found: string
  /** What the learner can't do; told unless all is well. */
  costs?: string
  /** The command that mends it. */
  mend?: string
  /** Mends it without root, and answers what was done. */
  fix?(): Promise<string>
}

/** What a file of probes/ exports: it tries the thing itself, since a setting proves nothing. */
export type Examine = () => Promise<Finding>

/** All is well. */
export function fine(tried: string, found: string): Finding {
  return { state: 'ok', tried, found }
}
