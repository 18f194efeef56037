/** Reads the manifests among a learner's files, within limits, and says what is wrong with line and column. */
import type { Document, LineCounter } from 'yaml'
import { messageOf } from '../errors.ts'
import type { Manifest } from '../objects.ts'
import type { Files } from './states.ts'

/** Something wrong with one file of a workspace; nothing of the workspace is deployed until it is mended. */
export interface FileProblem {
  file: string
  /** 1-based. */
  line?: number
  column?: number
  what: string
  instead: string
}

/** One object of a manifest file. */
export interface SourceObject {
  file: string
  /** Where its document begins, 1-based. */
  line: number
  manifest: Manifest
}

/** Whether a file of this name holds manifests. */
export function isManifestFile(name: string): boolean {
  return /\.ya?ml$/.test(name)
}

/** The objects in all manifest files, in order of file name and document. */
export async function parseManifests(
  files: Files,
): Promise<{ objects: SourceObject[]; problems: FileProblem[] }> {
  const objects: SourceObject[] = []
  const problems: FileProblem[] = []
  for (const [file, text] of files) {
    if (!isManifestFile(file)) continue
    const parsed = await parseFile(file, text)
    objects.push(...parsed.objects)
    problems.push(...parsed.problems)
  }
  return { objects, problems: [...problems, ...duplicates(objects)] }
}

async function parseFile(
  file: string,
  text: string,
): Promise<{ objects: SourceObject[]; problems: FileProblem[] }> {
  const { LineCounter, parseAllDocuments } = await import('yaml')
  const lineCounter = new LineCounter()
  const objects: SourceObject[] = []
  const problems: FileProblem[] = []
  try {
    // kubectl reads YAML 1.1, where `yes` is a boolean and 012 is ten.
    for (const document of parseAllDocuments(text, { version: '1.1', lineCounter })) {
      const problem = syntaxProblem(file, document, lineCounter)
      if (problem) problems.push(problem)
      else objects.push(...toObjects(file, document, lineCounter, problems))
    }
  } catch (error) {
    problems.push({ file, what: messageOf(error), instead: SIMPLER })
  }
  return { objects, problems }
}

function syntaxProblem(file: string, document: Document, lineCounter: LineCounter): FileProblem | undefined {
  const [error] = document.errors
  if (!error) return undefined
  // The parser reports its own exhaustion as a syntax error, at a place that says nothing.
  if (error.message.includes('call stack')) return { file, what: 'it is nested too deeply', instead: SIMPLER }
  const { line, col } = lineCounter.linePos(error.pos[0])
  const what = error.message.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, '')
  return { file, line, column: col, what, instead: 'look at the indentation and the colons near that place' }
}

function toObjects(
  file: string,
  document: Document,
  lineCounter: LineCounter,
  problems: FileProblem[],
): SourceObject[] {
  const value = document.toJS({ maxAliasCount: MAX_ALIASES }) as Partial<Manifest> | null
  if (value === null) return []
  const { line } = lineCounter.linePos(document.contents?.range?.[0] ?? 0)
  const missing = [
    typeof value.apiVersion === 'string' ? undefined : 'apiVersion',
    typeof value.kind === 'string' ? undefined : 'kind',
    typeof value.metadata?.name === 'string' ? undefined : 'metadata.name',
  ].filter((field) => field !== undefined)
  if (missing.length === 0) return [{ file, line, manifest: value as Manifest }]
  const instead = 'every object begins with apiVersion, kind and metadata with a name'
  problems.push({ file, line, what: `no ${missing.join(', no ')}`, instead })
  return []
}

function duplicates(objects: SourceObject[]): FileProblem[] {
  const first = new Map<string, SourceObject>()
  return objects.flatMap((object) => {
    const { kind, metadata } = object.manifest
    const key = `${kind} “${metadata.name}”`
    const earlier = first.get(key)
    if (!earlier) {
      first.set(key, object)
      return []
    }
    const what = `${key} is already in ${earlier.file}, line ${earlier.line}`
    return [{ file: object.file, line: object.line, what, instead: 'give one of the two another name' }]
  })
}

/** A manifest repeats itself a few times; a file that blows up does it thousands of times. */
const MAX_ALIASES = 100
const SIMPLER = 'write the manifest with less nesting and fewer aliases'
