import { watch } from 'node:fs'
import { after, type Timer } from '../../timer.ts'

/**
 * SQLite makes a commit visible only after it has written and synced the WAL: the last event of the
 * file comes too early. So `look` is called for `LOOK_FOR` milliseconds after an event, every
 * `LOOK_EVERY` milliseconds.
 */
const LOOK_FOR = 250
const LOOK_EVERY = 2

/**
 * Calls `look` while somebody writes to a file, and for a moment after. A call is a hint, which
 * saves waiting for the next poll: where the system cannot watch files, `look` is never called.
 */
export function watchFile(file: string, look: () => void): () => void {
  let until = 0
  let timer: Timer | undefined
  const onTime = (): void => {
    timer = performance.now() < until ? after(LOOK_EVERY, onTime).unref() : undefined
    look()
  }
  try {
    const watcher = watch(file, { persistent: false })
    watcher.on('change', () => {
      until = performance.now() + LOOK_FOR
      timer ??= after(0, onTime).unref()
    })
    watcher.on('error', () => watcher.close())
    return () => {
      timer?.cancel()
      watcher.close()
    }
  } catch {
    return () => undefined
  }
}
