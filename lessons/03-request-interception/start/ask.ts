// A customer at the kiosk: node ask.ts METHOD PATH [BODY] has the app make this call, and prints what comes of it.
const [method = 'GET', path = '/', body] = process.argv.slice(2)
const startedMs = performance.now()
const answer = await fetch(`http://localhost:8080${path}`, { method, body, headers: { 'x-customer': 'Ana' } })
const text = (await answer.text()).trim()
console.log(`${answer.status} ${text} after ${Math.round(performance.now() - startedMs)} ms`)
