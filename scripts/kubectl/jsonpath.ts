/** The part of JSONPath that people type behind kubectl get: https://kubernetes.io/docs/reference/kubectl/jsonpath/ */
import { UsageError } from './flags.ts'
import { sorted } from '#sandbox/last-applied.ts'

/** The text of a template such as `{range .items[*]}{.metadata.name}{"\n"}{end}`. */
export function evaluate(template: string, root: unknown): string {
  const tokens = template.match(/\{(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^{}"'])*\}|[^{}]+/g) ?? []
  if (tokens.join('') !== template)
    throw new UsageError(`error parsing jsonpath ${template}, unclosed action`)
  return render(tokens.values(), root, root)
}

/** Up to the `{end}` of a range, or to the end. */
function render(tokens: IterableIterator<string>, root: unknown, current: unknown): string {
  let text = ''
  for (const token of tokens) {
    const action = token.startsWith('{') ? token.slice(1, -1).trim() : undefined
    if (action === 'end') return text
    if (action === undefined) text += token
    else if (action.startsWith('range'))
      text += renderRange(tokens, root, select(action.slice(5).trim(), root, current))
    else if (/^["']/.test(action)) text += unquote(action)
    else text += select(action, root, current).map(asText).join(' ')
  }
  return text
}

function renderRange(tokens: IterableIterator<string>, root: unknown, values: unknown[]): string {
  const inner: string[] = []
  let depth = 1
  for (const token of tokens) {
    if (/^\{\s*range/.test(token)) depth += 1
    if (/^\{\s*end\s*\}$/.test(token)) depth -= 1
    if (depth === 0) break
    inner.push(token)
  }
  return values.map((value) => render(inner.values(), root, value)).join('')
}

/** All values at a path; none where there is nothing. */
function select(path: string, root: unknown, current: unknown): unknown[] {
  const steps = path.match(/^[@$]|\.\.?[^.[\]]+|\[(?:[^[\]"']|"[^"]*"|'[^']*'|\[[^\]]*\])*\]/g) ?? []
  if (steps.join('') !== path)
    throw new UsageError(`error parsing jsonpath {${path}}, unrecognized character`)
  let values = [path.startsWith('$') ? root : current]
  for (const step of steps)
    if (!/^[@$]$/.test(step)) values = values.flatMap((value) => take(step, value, root))
  return values
}

function take(step: string, value: unknown, root: unknown): unknown[] {
  const inner = step.startsWith('[') ? step.slice(1, -1) : step.slice(1)
  if (inner === '*') return typeof value === 'object' && value !== null ? Object.values(value) : []
  if (inner.startsWith('?(')) return filter(inner.slice(2, -1), value, root)
  if (Array.isArray(value) && /^-?\d+$/.test(inner)) return present(value.at(Number(inner)))
  const key = inner.replaceAll(/^['"]|['"]$/g, '').replaceAll('\\.', '.')
  return typeof value === 'object' && value !== null ? present((value as Record<string, unknown>)[key]) : []
}

function filter(condition: string, value: unknown, root: unknown): unknown[] {
  const [, path = condition.trim(), operator, wanted = ''] =
    /^\s*(\S+?)\s*(==|!=)\s*(.+?)\s*$/.exec(condition) ?? []
  if (!Array.isArray(value)) return []
  return value.filter((item) => {
    const [found] = select(path, root, item)
    if (!operator) return found !== undefined
    const isEqual = asText(found) === (/^["']/.test(wanted) ? unquote(wanted) : wanted)
    return operator === '==' ? isEqual : !isEqual
  })
}

function present(value: unknown): unknown[] {
  return value === undefined ? [] : [value]
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(sorted(value ?? ''))
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character)
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r' }
