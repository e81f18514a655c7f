import type { Writable } from 'node:stream'

/** Most bytes that wait at a time; pieces beyond that are dropped. */
const MOST_BYTES = 1_048_576
/** Waiting bytes above which `write` returns false: its callers should wait for `drain`. */
const HIGH_WATER = 65_536

type Callback = (error?: Error | null) => void

/**
 * Bounds what a thread writes to its standard output or error. Node hands each piece to the main
 * thread, and many small pieces hold up the main thread. Here one piece is on its way at a time,
 * and all pieces written meanwhile make the next piece.
 *
 * @param onDropped is told how many pieces were dropped, once there is room again
 */
export function boundWrites(stream: Writable, onDropped: (pieces: number) => void): void {
  const send = stream.write.bind(stream)
  let waiting: Uint8Array[] = []
  let [bytes, dropped] = [0, 0]
  let [isSending, isAwaited] = [false, false]

  function next(): void {
    const pieces = waiting
    waiting = []
    bytes = 0
    isSending = pieces.length > 0
    if (isSending) send(Buffer.concat(pieces), next)
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
    piece: string | ArrayBufferView,
    encoding?: BufferEncoding | Callback,
    callback = typeof encoding === 'function' ? encoding : undefined,
  ): boolean {
    const given = typeof encoding === 'string' ? encoding : undefined
    if (typeof piece === 'string') keep(Buffer.from(piece, given))
    else if (ArrayBuffer.isView(piece)) keep(copied(piece))
    // Node throws its own error for any other value, and nothing of the value is kept.
    else return send(piece)
    if (callback) process.nextTick(callback)
    if (!isSending) next()
    isAwaited ||= bytes > HIGH_WATER
    return !isAwaited
  }

  stream.write = write as Writable['write']
  process.once('exit', next)
}

/** A copy, because the writer may use the memory again once its callback was called. */
function copied({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice()
}
