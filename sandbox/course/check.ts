/** What a check is and what it answers: done, or not yet and why. Breakage is thrown. */
import type { Lab } from './lab.ts'

/** What the check saw, quoted: a log line, a status, a field. Untrusted text. */
export interface Evidence {
  /** Where it was seen, as a learner would look: `logs webserver -c shipper`, `pod webserver .status.phase`. */
  source: string
  text: string
}

/** The two answers that a check gives. */
export type Verdict =
  | { verdict: 'done'; evidence: Evidence }
  | {
      verdict: 'not yet'
      /** One sentence: what is still missing, with the value that was seen. */
      because: string
      evidence?: Evidence
      /** Only where THIS mistake was recognised: names it, kindly, and says what to do. */
      hint?: string
    }

/** A check that could not judge: the cluster or the check itself failed. Never counted against the learner. */
export interface BrokenCheck {
  verdict: 'broken'
  /** What failed. */
  because: string
  /** What to type next. */
  hint: string
}

/** All that a step can be told to be. */
export type Outcome = Verdict | BrokenCheck

/**
 * Judges one step by live behaviour. Asks the cluster, never the text of the manifest; polls with a deadline;
 * where it reads logs it looks for the lab's own nonce. Throws only when it could not judge.
 */
export type Check = (lab: Lab) => Promise<Verdict>

/** What `check.ts` of a lesson exports as `checks`: one check per step id of its lesson.mdx. */
export type Checks = Record<string, Check>

/** The step is done, and this shows it. */
export function done(source: string, text: string): Verdict {
  return { verdict: 'done', evidence: { source, text } }
}

/** The step is not done yet: what is missing, what was seen, and the hint for a recognised mistake. */
export function notYet(because: string, more: { evidence?: Evidence; hint?: string } = {}): Verdict {
  return { verdict: 'not yet', because, ...more }
}
