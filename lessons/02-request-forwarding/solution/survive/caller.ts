// A caller that takes a server which is not there for one that is not there yet.
const url = process.env.TARGET_URL ?? 'http://localhost:7878'
const [shortestMs, longestMs] = [100, 2000]

process.on('SIGTERM', () => process.exit(0))

let pauseMs = shortestMs
while (true) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) })
    console.log(await answer.text())
    pauseMs = shortestMs
    await sleep(1000)
  } catch (error) {
    // fetch says “fetch failed”; why is in its cause, and one of two addresses may be to blame.
    const { cause } = error as { cause?: { code?: string } }
    console.error(`no answer: ${cause?.code ?? error}; again in ${pauseMs} ms`)
    // A little chance, or all callers of a server that comes back would come at once.
    await sleep(pauseMs * (0.5 + Math.random() / 2))
    pauseMs = Math.min(pauseMs * 2, longestMs)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
