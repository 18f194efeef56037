/** Proves the promises that need no more than one namespace to somebody who has no more: the suite, through a limited path. */
import { beforeAll, describe, it } from 'vitest'
import { loadSuite } from './conformance/requirement.ts'
import { skips } from './conformance/skips.ts'
import { createStages, type Stage } from './conformance/stage.ts'
import { startTestCluster } from './helpers/embedded-cluster.ts'
import { isolation } from './helpers/in-node-namespace.ts'
import { kubectlNeeds } from './helpers/kubectl.ts'
import { openLimitedApi } from './helpers/limited-api.ts'
import { describeWith } from './helpers/needs.ts'

const chapters = await loadSuite()
let openStage: () => Promise<Stage>

describeWith([...kubectlNeeds, isolation], 'with rights in one namespace', () => {
  beforeAll(async () => {
    const { connection, kubeconfig } = await startTestCluster()
    const limited = await openLimitedApi(connection)
    openStage = await createStages(kubeconfig, (namespace) => limited.kubeconfigFor(namespace))
  })

  describe.each(chapters)('$name:', ({ requirements }) => {
    for (const { title, follows, check } of requirements) {
      // oxlint-disable-next-line vitest/expect-expect -- what a requirement checks is in its own file
      it.concurrent(`${title} [${follows}]`, { timeout: 120_000 }, async ({ skip }) => {
        const reason = skips.context?.[title] ?? skips.embedded?.[title]
        if (reason) skip(reason)
        const stage = await openStage()
        await check(stage)
        await stage.close()
      })
    }
  })
})
