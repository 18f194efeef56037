/** Writes YAML as kubectl prints it. */

/** A text that YAML 1.1 reads back as the same value; lists stand under their key without indentation. */
export async function printYaml(value: unknown): Promise<string> {
  const { Document, parse, visit } = await import('yaml')
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false })
  // Go quotes twice what would be read as a number or a boolean, and once what could not be read at all.
  const isAmbiguous = (text: string) =>
    /^[\w.+~-]/.test(text) && text.length < 40 && !text.includes('\n') && !isText(parse, text)
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && isAmbiguous(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ singleQuote: true, indentSeq: false, lineWidth: 0 })
}

function isText(parse: (text: string, options: { version: '1.1' }) => unknown, text: string): boolean {
  try {
    const read = parse(text, { version: '1.1' })
    return typeof read === 'string' || (typeof read === 'object' && read !== null && !(read instanceof Date))
  } catch {
    return true
  }
}
