// A handler may replace them.
const { load, notify, store, wait, waitAsync } = Atomics

const SPAWNING = 0
const DOOMED = 1

/**
 * Shared by a thread and the main thread, so that no thread is killed between the start of a
 * process and the word of it: nobody would know of that process, and end it.
 */
export class SpawnGuard {
  /** {@link SPAWNING}: it starts a process. {@link DOOMED}: it must not start another one. */
  readonly words: Int32Array

  /** @param words those of the other side */
  constructor(words: Int32Array = new Int32Array(new SharedArrayBuffer(8))) {
    this.words = words
  }

  /** In the thread: starts a process, and tells of it, unless the thread is doomed. */
  during<T>(spawn: () => T): T {
    this.#set(SPAWNING, 1)
    // Each side sets its own word before it looks at the other's, so at least one sees the other.
    while (this.isDoomed) {
      this.#set(SPAWNING, 0)
      wait(this.words, DOOMED, 1)
      this.#set(SPAWNING, 1)
    }
    try {
      return spawn()
    } finally {
      this.#set(SPAWNING, 0)
    }
  }

  /** On the main thread: resolves once the thread starts no process, and will start none. */
  async doom(): Promise<void> {
    this.#set(DOOMED, 1)
    const { async, value } = waitAsync(this.words, SPAWNING, 1)
    if (async) await value
  }

  get isDoomed(): boolean {
    return load(this.words, DOOMED) === 1
  }

  /** On the main thread: it may go on. */
  pardon(): void {
    this.#set(DOOMED, 0)
  }

  /** On the main thread: the thread is gone. */
  reset(): void {
    this.#set(SPAWNING, 0)
    this.pardon()
  }

  #set(word: number, value: 0 | 1): void {
    store(this.words, word, value)
    notify(this.words, word)
  }
}
