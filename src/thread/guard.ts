// Kept here, because a handler may replace the globals.
const { load, notify, store, wait, waitAsync } = Atomics

const SPAWNING = 0
const DOOMED = 1

/**
 * Keeps the main thread from killing a thread between the start of a process and the report of that
 * process: nobody would know of the process, and end it. Both sides share the words.
 */
export class SpawnGuard {
  /**
   * {@link SPAWNING}: the thread starts a process. {@link DOOMED}: the thread must not start one.
   */
  readonly words: Int32Array

  /** @param words the words of the other side; new ones if left out */
  constructor(words: Int32Array = new Int32Array(new SharedArrayBuffer(8))) {
    this.words = words
  }

  /**
   * In the thread: calls `spawn`, which starts a process and reports it. While the thread is
   * doomed, the call blocks the thread.
   */
  during<T>(spawn: () => T): T {
    this.#set(SPAWNING, 1)
    // Each side sets its own word before it reads the word of the other side. So at least one side
    // sees that the other has set its word.
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

  /**
   * On the main thread: dooms the thread. Resolves once the thread starts no process, and will
   * start none.
   */
  async doom(): Promise<void> {
    this.#set(DOOMED, 1)
    const { async, value } = waitAsync(this.words, SPAWNING, 1)
    if (async) await value
  }

  get isDoomed(): boolean {
    return load(this.words, DOOMED) === 1
  }

  /** On the main thread: lets the thread start processes again. */
  pardon(): void {
    this.#set(DOOMED, 0)
  }

  /** On the main thread: begins anew, after the thread has exited. */
  reset(): void {
    this.#set(SPAWNING, 0)
    this.pardon()
  }

  #set(word: number, value: 0 | 1): void {
    store(this.words, word, value)
    notify(this.words, word)
  }
}
