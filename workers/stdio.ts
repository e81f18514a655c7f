import type { Writable } from 'node:stream'

/** Bytes that wait at a time; what is written beyond that is dropped. */
const MOST_BYTES = 1_048_576
/** Bytes from which on those who heed it are told to wait. */
const HIGH_WATER = 65_536

type Callback = (error?: Error | null) => void

/**
 * Bounds what a thread writes to its standard output or error. Node hands each piece to the main
 * thread, which is held up by many small ones: here one piece is on its way at a time, and what is
 * written meanwhile makes the next.
 *
 * @param onDropped is told how many pieces were dropped, once there is room again
 */
export function boundWrites(stream: Writable, onDropped: (pieces: number) => void): void {
  const send = stream.write.bind(stream)
  let waiting: Uint8Array[] = []
  let [bytes, dropped] = [0, 0]
  let [isSending, isAwaited] = [false, false]

  function next(): void {
    isSending = waiting.length > 0
    if (isSending) send(Buffer.concat(waiting), next)
    waiting = []
    bytes = 0
    if (dropped > 0) onDropped(dropped)
    dropped = 0
    if (isAwaited) stream.emit('drain')
    isAwaited = false
  }

  function keep(piece: Uint8Array): void {
    if (bytes > 0 && bytes + piece.length > MOST_BYTES) {
      dropped += 1
      return
    }
    waiting.push(piece)
    bytes += piece.length
  }

  function write(
    piece: string | Uint8Array,
    encoding?: BufferEncoding | Callback,
    callback = typeof encoding === 'function' ? encoding : undefined,
  ): boolean {
    const given = typeof encoding === 'string' ? encoding : undefined
    keep(typeof piece === 'string' ? Buffer.from(piece, given) : piece)
    if (callback) process.nextTick(callback)
    if (!isSending) next()
    isAwaited ||= bytes > HIGH_WATER
    return !isAwaited
  }

  stream.write = write as Writable['write']
  process.once('exit', next)
}
