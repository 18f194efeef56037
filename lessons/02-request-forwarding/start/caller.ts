// Your caller. It prints what the server says, once a second.

// TODO survive: one call in vain, and it is over. A server that is not there is no reason to end.
while (true) {
  const answer = await fetch('http://localhost:7878')
  console.log(await answer.text())
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
