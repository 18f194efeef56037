/** The try-it probe: what it says on machines that refuse, made with real restrictions. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { tryIsolation } from '#sandbox/pods/linux/isolation.ts'
import { asNobody, isolation } from '#test/helpers/in-node-namespace.ts'
import { binary, describeWith, root } from '#test/helpers/needs.ts'

const module = new URL('../../../../sandbox/pods/linux/isolation.ts', import.meta.url).pathname
const probe =
  'const { tryIsolation } = await import(process.argv[1]);' +
  'const refusal = await tryIsolation();' +
  'process.stdout.write(`${refusal?.message}\\n${refusal?.hint}`)'

/** What the probe says when it runs behind this command. */
function probeBehind(command: string[], env: NodeJS.ProcessEnv = process.env): string {
  const [file = '', ...args] = [...command, process.execPath, '--input-type=module', '--eval', probe, module]
  return execFileSync(file, args, { encoding: 'utf8', env })
}

describeWith([isolation], 'tryIsolation', () => {
  test('says nothing where containers can be isolated', async () => {
    expect(await tryIsolation()).toBeUndefined()
  })

  test('names missing tools and the packages that bring them', () => {
    expect(probeBehind(['/usr/bin/env'], { PATH: '/nowhere' })).toMatchInlineSnapshot(`
      "the embedded cluster needs unshare and umount and ip and perl and sh, which PATH does not have
      sudo apt-get install util-linux mount iproute2 perl-base dash"
    `)
  })

  test('explains an exhausted limit of namespaces', () => {
    const limit =
      'echo 1 > /proc/sys/user/max_user_namespaces; exec unshare --user --map-user=1000 --map-group=1000 "$@"'
    expect(probeBehind(['unshare', '--user', '--map-root-user', 'sh', '-c', limit, 'sh']))
      .toMatchInlineSnapshot(`
      "this machine does not let the embedded cluster isolate a container: no more namespaces are allowed (the limit user.max_user_namespaces or one beside it) (unshare: unshare failed: No space left on device)
      sudo sysctl user.max_user_namespaces=10000"
    `)
  })
})

describeWith([isolation, root], 'tryIsolation as root', () => {
  test('explains a root that lacks the right to make namespaces, as in a container', () => {
    expect(probeBehind(['setpriv', '--bounding-set=-sys_admin'])).toMatchInlineSnapshot(`
      "this machine does not let the embedded cluster isolate a container: this root is not allowed to make namespaces or mounts, as in a container without CAP_SYS_ADMIN (unshare: unshare failed: Operation not permitted)
      start that container with --privileged, or run the workshop outside of it"
    `)
  })
})

const newuidmap = binary('newuidmap', 'apt-get install uidmap')
const removal = `
  const { removeNodeFolder } = await import(process.argv[1])
  const [folder] = process.argv.slice(2)
  const { execFileSync } = await import('node:child_process')
  const write = 'mkdir -p $0/node/deep/er && chown -R 1500:2000 $0/node/deep'
  const ids = ['--user', '--map-root-user', '--map-auto']
  execFileSync('unshare', [...ids, 'sh', '-c', write, folder])
  await removeNodeFolder(folder + '/node')
  await removeNodeFolder(folder + '/node')
  process.stdout.write(JSON.stringify((await import('node:fs')).readdirSync(folder)))
`

describeWith([isolation, root, newuidmap], 'removeNodeFolder', () => {
  test('removes what containers wrote under other ids', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'work'))
    const [file = '', ...args] = asNobody(folder, (node, repository) => [
      node,
      '--input-type=module',
      '--eval',
      removal,
      '--',
      join(repository, 'sandbox/pods/linux/isolation.ts'),
      join(folder, 'work'),
    ])
    expect(execFileSync(file, args, { encoding: 'utf8' })).toBe('[]')
  })
})
