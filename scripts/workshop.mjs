/** The first file to run: plain JavaScript, so that an old Node says what it needs instead of a syntax error. */
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 12)) {
  const { enableCompileCache } = await import('node:module')
  enableCompileCache(new URL('../node_modules/.cache/compile', import.meta.url).pathname)
  const { main } = await import('./workshop.ts')
  process.exitCode = await main(process.argv.slice(2))
} else {
  console.error(`The workshop needs Node 24.12 or newer; this is ${process.version}.
Linux: type “npm ci”, then run it through npm (npm run lesson): that uses the Node which npm ci installed.
Elsewhere: install Node 24 from https://nodejs.org/en/download`)
  process.exitCode = 1
}
