import fs from 'node:fs'

setInterval(() => process.stdout.write(fs.readFileSync('/logs/access.log')), 100)
