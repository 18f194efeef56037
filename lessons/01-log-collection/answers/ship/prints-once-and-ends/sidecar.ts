// Your sidecar. Node 24 runs this file as it stands: it skips the types, and nothing has to be built.
import fs from 'node:fs'

const folder = process.env.LOG_FOLDER ?? '/logs'

// TODO ship: this prints the log once and ends. Stay, and print every line once, when it is whole.
// TODO wait: nginx may be slower than you. Live through a moment without the file.
// TODO rotate: access.log is a name. After a rotation the name belongs to another file.
// TODO truncate: a file can become shorter than what you have read of it.
// TODO restart: you are a container too. Hear SIGTERM, and remember your place.
console.log(fs.readFileSync(`${folder}/access.log`, 'utf8'))
