/** Makes the folder of a new lesson, from lessons/template, so that an author begins with one that passes its proof. */
import { cp, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkshopError } from '../errors.ts'
import { LESSONS_FOLDER, listLessons } from './lesson.ts'

/** Makes `NN-kebab-title` behind the last lesson under `root` and answers its path. Throws a WorkshopError for no title. */
export async function createLesson(title: string, root = LESSONS_FOLDER): Promise<string> {
  const name = toKebabCase(title)
  if (!name) {
    const what = title ? `“${title}” has no letter for the name of a folder` : 'a new lesson needs a title'
    throw new WorkshopError(what, 'npm run lesson new "Rate limiting"')
  }
  const lessons = await listLessons(root)
  const twin = lessons.find((lesson) => lesson.name.slice(3) === name)
  if (twin)
    throw new WorkshopError(
      `there is a lesson ${twin.name} already`,
      'choose another title, or edit that one',
    )
  const number = (lessons.at(-1)?.number ?? 0) + 1
  if (number > 99) throw new WorkshopError(`${number} is one lesson too many`, 'remove one, or merge two')
  const folder = join(root, `${String(number).padStart(2, '0')}-${name}`)
  await cp(join(LESSONS_FOLDER, 'template'), folder, { recursive: true, errorOnExist: true, force: false })
  // A title may hold what YAML takes for something else.
  await fillIn(folder, { TITLE: JSON.stringify(title), NUMBER: String(number) })
  return folder
}

/** `__NAME__` becomes the value in every file of the folder. */
async function fillIn(folder: string, values: Record<string, string>): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const text = await readFile(path, 'utf8')
    const filled = text.replaceAll(/__([A-Z]+)__/g, (whole, name: string) => values[name] ?? whole)
    if (filled !== text) await writeFile(path, filled)
  }
}

function toKebabCase(title: string): string {
  const plain = title
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
  return plain.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '')
}
