/** Whether a pod may redirect packets, as an init container of a service mesh does. */
import { runCommand } from '../../command.ts'
import { findBinary } from '../../find-binary.ts'
import { namespaceCommand } from '../../pods/linux/isolation.ts'
import { fine, type Finding } from '../finding.ts'

/** Loads a redirect into a network namespace of its own, which is gone afterwards. */
export async function examine(): Promise<Finding> {
  const tools = TOOLS.filter(({ name }) => findBinary(name))
  const tried = `a redirect by ${TOOLS.map(({ name }) => name).join(' or ')} in a network of its own`
  const costs = 'no transparent interception; all else works'
  if (process.platform !== 'linux' || tools.length === 0) {
    return {
      state: 'limited',
      tried,
      found: 'neither is on PATH',
      costs,
      mend: 'sudo apt-get install nftables',
    }
  }
  let words = ''
  for (const { name, script } of tools) {
    const [file = '', ...args] = [...namespaceCommand(), 'sh', '-c', script]
    const { exitCode, stderr } = await runCommand(file, args, { timeoutMs: 10_000 })
    if (exitCode === 0) return fine(tried, `${name} loaded it`)
    words ||= stderr.trim().split('\n')[0]!
  }
  return { state: 'limited', tried, found: words, costs, mend: 'sudo modprobe nft_chain_nat nft_redir' }
}

const TOOLS = [
  {
    name: 'nft',
    script: `nft 'table ip probe { chain out { type nat hook output priority -100; tcp dport 7979 redirect to :15001; }; }'`,
  },
  { name: 'iptables', script: 'iptables -t nat -A OUTPUT -p tcp --dport 7979 -j REDIRECT --to-ports 15001' },
]
