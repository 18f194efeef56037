// It waits until the server is there, as it hopes.
await new Promise((resolve) => setTimeout(resolve, 2000))
while (true) {
  const answer = await fetch('http://localhost:7878')
  console.log(await answer.text())
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
