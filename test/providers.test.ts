/** Proves that a cluster keeps Kubernetes' promises: the suite of conformance/, on the provider that PROVIDER names. */
import { beforeAll, describe, it } from 'vitest'
import { openCluster, silentProgress } from '#sandbox/cluster.ts'
import { kubectlNeeds } from './helpers/kubectl.ts'
import { startTestCluster } from './helpers/embedded-cluster.ts'
import { isolation } from './helpers/in-node-namespace.ts'
import { describeWith } from './helpers/needs.ts'
import { loadSuite } from './conformance/requirement.ts'
import { skips } from './conformance/skips.ts'
import { createStages, type Stage } from './conformance/stage.ts'

const provider = process.env.PROVIDER ?? 'embedded'
const chapters = await loadSuite()
let openStage: () => Promise<Stage>

describeWith([...kubectlNeeds, ...(provider === 'embedded' ? [isolation] : [])], `on ${provider}`, () => {
  beforeAll(async () => {
    openStage = await createStages(await kubeconfigOf(provider))
  })

  describe.each(chapters)('$name:', ({ requirements }) => {
    for (const { title, follows, check } of requirements) {
      // oxlint-disable-next-line vitest/expect-expect -- what a requirement checks is in its own file
      it.concurrent(`${title} [${follows}]`, { timeout: 120_000 }, async ({ skip }) => {
        const reason = skips[provider]?.[title]
        if (reason) skip(reason)
        const stage = await openStage()
        await check(stage)
        await stage.close()
      })
    }
  })
})

/** The embedded cluster is started fresh and ends with this file; any other is left running for the next run. */
async function kubeconfigOf(name: string): Promise<string> {
  if (name === 'embedded') return (await startTestCluster()).kubeconfig
  const cluster = await openCluster(name)
  await cluster.start({ progress: silentProgress })
  return cluster.kubeconfig()
}
