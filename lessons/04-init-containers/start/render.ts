// Makes the app's configuration: the template, with each ${NAME} replaced by the variable of that name.
import fs from 'node:fs'

const template = process.env.TEMPLATE ?? '/template/guestbook.json'
const target = process.env.TARGET ?? '/config/guestbook.json'

// TODO content: so far it copies, placeholders and all.
fs.copyFileSync(template, target)
