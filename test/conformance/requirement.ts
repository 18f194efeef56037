/** What one line of the conformance suite is, and the suite: all that the files of requirements/ demand. */
import { readdir } from 'node:fs/promises'
import type { Stage } from './stage.ts'

/** Something that Kubernetes promises, and how to see it. */
export interface Requirement {
  /** A sentence about behaviour; unique in the suite. */
  title: string
  /** The page below https://kubernetes.io/docs/ that says so, or `KEP-753`. */
  follows: string
  /** Throws where the cluster does otherwise. It has a namespace of its own, and others run beside it. */
  check(stage: Stage): Promise<void>
}

/** The requirements of one file. */
export interface Chapter {
  /** `native sidecars`, from the name of the file. */
  name: string
  requirements: Requirement[]
}

/** All chapters, by name. */
export async function loadSuite(): Promise<Chapter[]> {
  const folder = new URL('./requirements/', import.meta.url)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()
  return Promise.all(
    files.map(async (file) => {
      const { requirements } = (await import(new URL(file, folder).href)) as Pick<Chapter, 'requirements'>
      return { name: file.slice(0, -'.ts'.length).replaceAll('-', ' '), requirements }
    }),
  )
}
