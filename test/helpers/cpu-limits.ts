/** Whether this machine lets an engine limit CPU time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCpuGroups } from '#sandbox/pods/linux/cgroup.ts'
import type { Need } from './needs.ts'

async function canLimitCpu(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'sidecar-workshop-cpu-'))
  try {
    const groups = createCpuGroups(folder)
    await groups.prepare()
    return groups.areEnforced()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A machine whose control groups we may divide. */
export const cpuLimits: Need = {
  name: 'a control group that may be divided',
  present: await canLimitCpu(),
  install: 'run the tests as root, outside of a container',
}
