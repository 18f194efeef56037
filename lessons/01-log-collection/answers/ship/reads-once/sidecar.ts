import fs from 'node:fs'

setTimeout(() => process.stdout.write(fs.readFileSync('/logs/access.log')), 1000)
setInterval(() => {}, 1000)
