// Makes the app's configuration: the template, with each ${NAME} replaced by the variable of that name.
import fs from 'node:fs'

const template = process.env.TEMPLATE ?? '/template/guestbook.json'
const target = process.env.TARGET ?? '/config/guestbook.json'

/** A variable that is missing ends the program: no start is better than one with a gap. */
function valueOf(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${template} asks for ${name}, and there is no such variable`)
  return value
}

/** Replaces in texts that are parsed already, so that no value can break out of its quotes. */
function fill(_key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return value.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => valueOf(name))
}

const config: unknown = JSON.parse(fs.readFileSync(template, 'utf8'), fill)
fs.writeFileSync(`${target}.new`, JSON.stringify(config), { mode: 0o600 })
fs.renameSync(`${target}.new`, target)
