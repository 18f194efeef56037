/** What Go says of a connection that failed: the words of a real kubelet's events. */

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EPIPE: 'broken pipe',
}

/** In Go's words; `address` is `host:port`. An error of another kind keeps its own message. */
export function networkErrorText(error: unknown, address: string): string {
  const { code = '', syscall = '', message } = error as NodeJS.ErrnoException
  if (message === 'socket hang up') return 'EOF'
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`
  const reason = REASONS[code]
  if (!reason) return message
  return syscall === 'connect' ? `dial tcp ${address}: connect: ${reason}` : `${syscall || 'read'}: ${reason}`
}
