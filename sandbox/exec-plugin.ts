/** Logs in through a plugin that a kubeconfig names, as clusters of the clouds want it. */
import { runCommand } from './command.ts'
import { WorkshopError } from './errors.ts'

/** The `exec` of a kubeconfig's user. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins */
export interface ExecPlugin {
  apiVersion: string
  command: string
  args?: string[]
  env?: { name: string; value: string }[]
  installHint?: string
}

/** What a plugin answers; PEM texts. */
export interface PluginCredentials {
  token?: string
  cert?: string
  key?: string
}

/** Runs the plugin, which may take as long as a person needs for a browser. Throws what it said when it fails. */
export async function logIn(plugin: ExecPlugin): Promise<PluginCredentials> {
  const { apiVersion, command, args = [], env = [], installHint } = plugin
  const question = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const { exitCode, stdout, stderr } = await runCommand(command, args, {
    env: {
      ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(question),
    },
    timeoutMs: 120_000,
  })
  const words = [command, ...args].join(' ')
  if (exitCode !== 0) {
    const said = stderr.trim().split('\n').slice(-3).join('\n')
    throw new WorkshopError(
      `the login plugin of the kubeconfig failed: ${words}\n${said}`,
      installHint ?? `run it by hand: ${words}`,
    )
  }
  const status = parseStatus(stdout)
  if (!status)
    throw new WorkshopError(`the login plugin gave no credentials: ${words}`, `run it by hand: ${words}`)
  return { token: status.token, cert: status.clientCertificateData, key: status.clientKeyData }
}

function parseStatus(text: string): Record<string, string> | undefined {
  try {
    return (JSON.parse(text) as { status?: Record<string, string> }).status
  } catch {
    return undefined
  }
}
