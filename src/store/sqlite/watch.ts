import { watch } from 'node:fs'

/**
 * Calls back after somebody has written to a file. It is a hint, which saves waiting for the next
 * poll: where the system cannot watch, nothing is called.
 */
export function watchFile(file: string, onWrite: () => void): () => void {
  try {
    const watcher = watch(file, { persistent: false })
    let pending = false
    watcher.on('change', () => {
      if (pending) return
      pending = true
      // One write of SQLite's is many events.
      setImmediate(() => {
        pending = false
        onWrite()
      })
    })
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}
