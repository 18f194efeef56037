/** Lives in a pod's network namespace: connects to the pod's own localhost and hands the sockets to the engine. */
import { Socket } from 'node:net'

/** What the engine asks. */
export interface DialRequest {
  id: number
  port: number
}

/** What it is answered: the socket comes beside the message, unless there is an error. */
export interface DialAnswer {
  id: number
  error?: string
}

process.on('message', ({ id, port }: DialRequest) => {
  const answer = (error?: string, socket?: Socket) => {
    // The engine may have gone, and this process is about to follow.
    process.send!({ id, error } satisfies DialAnswer, socket, {}, () => undefined)
  }
  dial('127.0.0.1', port, answer, (refused) => {
    dial('::1', port, answer, () => answer(refused.message))
  })
})

function dial(
  host: string,
  port: number,
  onConnect: (error: undefined, socket: Socket) => void,
  onError: (error: Error) => void,
): void {
  const socket = new Socket({ allowHalfOpen: true })
  // Whatever the app says first must still be in the socket when it is handed over.
  socket.pause()
  socket.once('error', onError)
  socket.connect({ host, port }, () => {
    socket.off('error', onError).on('error', () => undefined)
    onConnect(undefined, socket)
  })
}
