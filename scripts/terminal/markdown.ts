/** Draws the text of a lesson in a terminal. */
import type { Block, Inline, ListItem, Table } from '#sandbox/course/prose.ts'
import { drawPod } from './pod-picture.ts'
import { printable, style } from './print.ts'
import { pad, width, wrap } from './wrap.ts'

/** Lines without line ends, of at most `columns`, an empty one between blocks. */
export function drawBlocks(blocks: readonly Block[], columns: number): string[] {
  return blocks.flatMap((block, index) => {
    const lines = drawBlock(block, columns)
    return index > 0 && lines.length > 0 ? ['', ...lines] : lines
  })
}

function drawBlock(block: Block, columns: number): string[] {
  switch (block.type) {
    case 'heading':
      return wrap(inline(block.children), columns).map((line) => style(['bold', 'magenta'], line))
    case 'paragraph':
      return wrap(inline(block.children), columns)
    case 'code':
      return excerpt(block.value.split('\n'))
    case 'file':
      return [style('dim', `    ${block.path}`), ...excerpt(block.lines, block.firstLine)]
    case 'pod':
      return drawPod(block.picture, columns)
    case 'list':
      return block.children.flatMap((item, index) =>
        drawItem(item, block.ordered ? `${(block.start ?? 1) + index}. ` : '• ', columns),
      )
    case 'blockquote':
      return drawBlocks(block.children, columns - 2).map((line) => `${style('dim', '│')} ${line}`)
    case 'table':
      return drawTable(block, columns)
    case 'thematicBreak':
      return [style('dim', '─'.repeat(columns))]
    default:
      return []
  }
}

/** Code is never wrapped, and nothing stands in front of it but space: it is there to be copied. */
function excerpt(lines: string[], firstLine?: number): string[] {
  const digits = firstLine === undefined ? 0 : String(firstLine + lines.length - 1).length
  return lines.map((line, index) => {
    const number = firstLine === undefined ? '' : `${String(firstLine + index).padStart(digits)}  `
    return `    ${style('dim', number)}${printable(line)}`.trimEnd()
  })
}

function drawItem(item: ListItem, mark: string, columns: number): string[] {
  const lines = drawBlocks(item.children, columns - mark.length)
  const isTight = !item.spread
  return lines
    .filter((line) => !isTight || line !== '')
    .map((line, index) => (index === 0 ? mark : ' '.repeat(mark.length)) + line)
}

function drawTable(table: Table, columns: number): string[] {
  const rows = table.children.map((row) => row.children.map((cell) => inline(cell.children)))
  const widths = fit(
    rows[0]!.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? '')))),
    columns - 3 * (rows[0]!.length - 1),
  )
  const separator = style('dim', ' │ ')
  const rule = style('dim', widths.map((each) => '─'.repeat(each)).join('─┼─'))
  return rows.flatMap((row, index) => {
    const cells = widths.map((each, column) => wrap(row[column] ?? '', each))
    const height = Math.max(...cells.map((cell) => cell.length))
    const lines = Array.from({ length: height }, (_, line) =>
      cells
        .map((cell, column) => pad(cell[line] ?? '', widths[column]!))
        .join(separator)
        .trimEnd(),
    )
    return index === 0 ? [...lines.map((line) => style('bold', line)), rule] : lines
  })
}

/** Takes columns from the widest until all fit. */
function fit(widths: number[], available: number): number[] {
  const fitted = [...widths]
  while (fitted.reduce((sum, each) => sum + each, 0) > available && Math.max(...fitted) > 8) {
    fitted[fitted.indexOf(Math.max(...fitted))]! -= 1
  }
  return fitted
}

function inline(nodes: readonly Inline[]): string {
  return nodes.map(drawInline).join('')
}

function drawInline(node: Inline): string {
  switch (node.type) {
    case 'text':
      return printable(node.value).replaceAll('\n', ' ')
    case 'inlineCode':
      return style('magenta', printable(node.value))
    case 'emphasis':
      return style('italic', inline(node.children))
    case 'strong':
      return style('bold', inline(node.children))
    case 'delete':
      return style('strikethrough', inline(node.children))
    case 'link': {
      const text = inline(node.children)
      return text === node.url ? style('underline', text) : `${text} ${style('dim', `(${node.url})`)}`
    }
    case 'break':
      return '\n'
    default:
      return ''
  }
}
