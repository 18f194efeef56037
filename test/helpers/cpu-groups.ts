/** What control groups there are of a cluster. */
import { execFileSync } from 'node:child_process'
import { clusterGroupOf } from '#sandbox/pods/linux/cgroup.ts'

/** Names of the groups that the runtime of `folder` made, anywhere: the cluster's first, `CLUSTER/CONTAINER` after it. */
export function cpuGroupsOf(folder: string): string[] {
  const name = clusterGroupOf(folder)
  const found = execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/${name}*`]).toString()
  const paths = found.split('\n').filter((path) => path !== '')
  return paths.map((path) => path.slice(path.indexOf(name)))
}
