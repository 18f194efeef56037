/** Whether the variables that name a proxy name one that answers, and leave this machine out. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { messageOf } from '../../errors.ts'
import { fine, type Finding } from '../finding.ts'

/** Connects to each proxy that the environment names. */
export async function examine(): Promise<Finding> {
  const named = NAMES.flatMap((name) => (process.env[name] ? [{ name, value: process.env[name] }] : []))
  const tried = 'connecting to the proxies that HTTP_PROXY and HTTPS_PROXY name'
  if (named.length === 0) return fine(tried, 'they name none')
  for (const { name, value } of named) {
    const problem = await problemWith(value)
    if (!problem) continue
    const costs = 'npm and container engines download nothing'
    return {
      state: 'limited',
      tried,
      found: `${name}=${withoutPassword(value)}: ${problem}`,
      costs,
      mend: `unset ${name}`,
    }
  }
  const left = process.env.NO_PROXY ?? process.env.no_proxy ?? ''
  if (!process.env.NODE_USE_ENV_PROXY || /(^|,)\s*(127\.0\.0\.1|\*)\s*(,|$)/.test(left)) {
    return fine(tried, `${named.map(({ name }) => name).join(' and ')} answered`)
  }
  const costs = 'requests of Node to the cluster go to the proxy, which can’t reach it'
  return {
    state: 'limited',
    tried,
    found: `NO_PROXY is “${left}”`,
    costs,
    mend: 'export NO_PROXY=127.0.0.1,localhost',
  }
}

async function problemWith(value: string): Promise<string | undefined> {
  if (!URL.canParse(value)) return 'that is no URL'
  const { hostname, port, protocol } = new URL(value)
  const socket = connect(Number(port) || (protocol === 'https:' ? 443 : 80), hostname)
  try {
    socket.setTimeout(2_000, () => socket.destroy(new Error('nobody answered within 2 s')))
    await once(socket, 'connect')
    return undefined
  } catch (error) {
    return messageOf(error)
  } finally {
    socket.destroy()
  }
}

/** A finding may be pasted into an issue. */
function withoutPassword(value: string): string {
  return value.replace(/\/\/[^@/]*@/, '//…@')
}

const NAMES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']
