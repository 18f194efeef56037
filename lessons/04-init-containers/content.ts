/** Judges the second step: the configuration that the app reads was rendered from the template and the Secret. */
import { createHmac } from 'node:crypto'
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { ContainerStatus, Secret } from '#sandbox/objects.ts'
import { mentions, mountsOf, type Guestbook, type Judge } from './guestbook.ts'

/** Done when the receipt for an entry of this run was made with the key of the Secret, under the Secret's title. */
export const content: Judge = { judge, explainInit, explainEnd }

async function judge(guestbook: Guestbook): Promise<Verdict> {
  const { lab, app, name } = guestbook
  const title = (await guestbook.page())?.split('\n')[0] ?? ''
  const evidence = { source: `GET / of pod ${name}`, text: title }
  const { restartCount = 0 } = (await guestbook.statuses()).get(app.name) ?? {}
  const before = restartCount > 0 ? await guestbook.logLines(app.name) : []
  if (before.some((line) => line.includes('ENOENT'))) {
    const because = 'the app started before its configuration was there, and crashed'
    return notYet(because, { evidence: guestbook.lastWords(app.name, before), hint: HINTS.beside })
  }
  const answer = await guestbook.add(lab.nonce)
  const values = await secretValues(guestbook)
  const isSignedWith = (key: string) => answer.includes(receipt(key, lab.nonce))
  if (title.includes('${') || isSignedWith('${KEY}')) {
    const isTried = guestbook.inits.some((init) => mentions(init, 'render'))
    const hint = !isTried ? undefined : readsTemplate(guestbook) ? HINTS.readsTemplate : HINTS.copied
    return notYet('the configuration still has its placeholders', { evidence, hint })
  }
  if (/\bundefined\b/.test(title) || isSignedWith('undefined') || isSignedWith('')) {
    return notYet('a placeholder was replaced by nothing', { evidence, hint: HINTS.missing })
  }
  if (!values.some((value) => title.includes(value))) {
    return notYet('the title holds none of the values of the Secret', { evidence })
  }
  if (values.some(isSignedWith)) return done(evidence.source, `${title}\n${answer.trim()}`)
  const isDollar = values.some((value) => isSignedWith(value.replaceAll('$$', '$')))
  const because = 'the receipt was not made with the key that is in the Secret'
  return notYet(because, {
    evidence: { source: `POST / of pod ${name}`, text: answer.trim() },
    hint: isDollar ? HINTS.dollar : undefined,
  })
}

async function explainInit(guestbook: Guestbook, init: ContainerStatus): Promise<Verdict> {
  return await guestbook.failure(init, (text) => {
    const own = guestbook.inits.find(({ name }) => name === init.name)
    const [, path] = /(?:ENOENT|EROFS|EACCES)[^']*'([^']+)'/.exec(text) ?? []
    if (!path) return undefined
    const isMounted = own && mountsOf(own).some(({ mountPath }) => path.startsWith(`${mountPath}/`))
    return isMounted ? undefined : HINTS.renderMounts
  })
}

function explainEnd({ app, pod }: Guestbook, lines: string[]): string | undefined {
  const text = lines.join('\n')
  if (/SyntaxError.*JSON/.test(text)) return HINTS.quotes
  if (/EACCES[^\n]*\.json/.test(text)) return HINTS.private
  if (!text.includes('ENOENT')) return undefined
  const isBeside = pod.spec.containers.some((each) => each !== app && mentions(each, 'render'))
  return isBeside ? HINTS.beside : HINTS.appMounts
}

/** Whether the app's CONFIG still lies in a volume that comes from a ConfigMap. */
function readsTemplate({ app, pod }: Guestbook): boolean {
  const path = app.env?.find(({ name }) => name === 'CONFIG')?.value ?? ''
  const mount = mountsOf(app).find(({ mountPath }) => path.startsWith(`${mountPath}/`))
  return pod.spec.volumes?.some(({ name, configMap }) => name === mount?.name && configMap) ?? false
}

async function secretValues({ lab }: Guestbook): Promise<string[]> {
  const secrets = await lab.list<Secret>(SECRETS)
  const encoded = secrets.flatMap(({ data = {} }) => Object.values(data))
  return encoded.map((value) => Buffer.from(value, 'base64').toString()).filter((value) => value !== '')
}

function receipt(key: string, entry: string): string {
  return createHmac('sha256', key).update(entry).digest('hex')
}

const SECRETS = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

const HINTS = {
  beside:
    'Containers under spec.containers start without waiting for each other. Put render under spec.initContainers, and the app starts when its configuration is whole.',
  readsTemplate:
    'render has run, and the app still reads the template. Point CONFIG at the file that render writes.',
  copied:
    'The template was copied as it is. Replace each ${NAME} with the environment variable of that name.',
  missing:
    'A variable was not there, and the program went on without it. Give render the values, with envFrom and a secretRef; and let a name without a value end it with an error.',
  dollar:
    'The key holds $$, and one $ was lost: in the second argument of replace and replaceAll, $$ stands for one $. Pass a function that returns the value.',
  renderMounts:
    'render names a folder that it does not mount, or may not write to. It needs the template, a volume for what it makes, and the code.',
  quotes:
    'A value holds a quotation mark, which ended a string too early. Parse the template first, and replace in the texts that come out; or put each value through JSON.stringify.',
  private:
    'The file belongs to the user who wrote it, and the app is another. Let render run as the app’s user, or let the container that gives the book away come later and give this away too.',
  appMounts:
    'The app finds no such file. What render writes has to lie in a volume that both of them mount, under the path that CONFIG names.',
}
