/** Connections to the private 127.0.0.1 of pods, by a process in each pod's network namespace: loopback-agent.ts. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import type { DialAnswer, DialRequest } from './loopback-agent.ts'

/** The agents of one node. */
export interface Loopbacks {
  /** Connects to `port` of the namespace that `namespaceFile` holds; throws with the kernel's words. */
  connect(uid: string, namespaceFile: string, port: number): Promise<Socket>
  /** Ends the pod's agent; connections that it made go on. */
  end(uid: string): void
}

const AGENT = new URL('loopback-agent.ts', import.meta.url).pathname

interface Agent {
  connect(port: number): Promise<Socket>
  end(): void
}

/** Agents start on first use, which takes some 150 ms, and stay until `end`: each is a Node process of 42 MB. */
export function createLoopbacks(): Loopbacks {
  const agents = new Map<string, Agent>()
  return {
    connect(uid, namespaceFile, port) {
      let agent = agents.get(uid)
      if (!agent) agents.set(uid, (agent = startAgent(namespaceFile, () => agents.delete(uid))))
      return agent.connect(port)
    },
    end: (uid) => agents.get(uid)?.end(),
  }
}

function startAgent(namespaceFile: string, onGone: () => void): Agent {
  const waiting = new Map<number, PromiseWithResolvers<Socket>>()
  let serial = 0
  const child: ChildProcess = spawn('nsenter', [`--net=${namespaceFile}`, process.execPath, AGENT], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  function lose(error: Error): void {
    onGone()
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  child.on('error', lose)
  child.on('exit', () => lose(new Error("the pod's network is gone")))
  child.on('message', ({ id, error }: DialAnswer, socket?: Socket) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (!asked || !socket) return asked?.reject(new Error(error ?? 'the connection is gone'))
    socket.allowHalfOpen = true
    asked.resolve(socket.setNoDelay())
  })
  return {
    connect(port) {
      const answer = Promise.withResolvers<Socket>()
      waiting.set(++serial, answer)
      child.send({ id: serial, port } satisfies DialRequest, (error) => {
        if (error) lose(error)
      })
      return answer.promise
    },
    end: () => void child.kill('SIGKILL'),
  }
}
