// Fetches the old entries from the archive, all or none, and once, however often it runs.
import fs from 'node:fs'

const target = `${process.env.BOOK ?? '/data/book'}/old.txt`

async function fetchEntries(): Promise<void> {
  const response = await fetch(process.env.URL!)
  if (!response.ok) throw new Error(`${response.url} answers ${response.status}: ${await response.text()}`)
  const file = fs.openSync(`${target}.new`, 'w') // what an earlier run left in it is gone
  for await (const bytes of response.body!) fs.writeSync(file, bytes)
  fs.fsyncSync(file)
  fs.renameSync(`${target}.new`, target) // only a run that got here leaves a file of that name
  console.log(`imported ${fs.fstatSync(file).size} bytes`)
}

if (fs.existsSync(target)) console.log('the old entries are there already')
else await fetchEntries()
