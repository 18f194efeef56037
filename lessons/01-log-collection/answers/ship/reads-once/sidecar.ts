import fs from 'node:fs'

process.stdout.write(fs.readFileSync('/logs/access.log'))
setInterval(() => {}, 1000)
