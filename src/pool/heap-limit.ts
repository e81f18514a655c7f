import type { HeapInfo } from 'node:v8'
import { Worker } from 'node:worker_threads'

/** A thread whose heap can be looked at from outside: from Node 22.16 and 24.0 on. */
export type MeasuredWorker = Worker & { getHeapStatistics(): Promise<HeapInfo> }

/** Whether this version of Node can measure the heap of a thread. */
export const HEAPS_ARE_KNOWN = 'getHeapStatistics' in Worker.prototype

const MIB = 1_048_576
/** Least MiB between a thread's limit and V8's: helve looks before the heap reaches V8's limit. */
const LEAST_HEADROOM = 96
/**
 * The share of the headroom that a heap may take up. V8 collects garbage no later than half way
 * from what is in use to V8's own limit, so a thread within its limit stays below this share.
 */
const SHARE = 0.6
/** The share of V8's own limit that a heap may take up, if the lane sets no limit. */
const SHARE_OF_DEFAULT = 0.85

/**
 * How large the heap of a thread may become. When a heap reaches V8's own limit, Node 22 and newer
 * end the whole process, and not the thread. So helve gives V8 a limit beyond the thread's, and
 * ends the thread between the two limits.
 */
export class HeapLimit {
  readonly #memory: number | undefined
  readonly #headroom: number

  /**
   * @param memory MiB; undefined for V8's own limit
   * @param isKnown whether the heap of the thread can be looked at
   */
  constructor(memory: number | undefined, isKnown = HEAPS_ARE_KNOWN) {
    this.#memory = memory
    this.#headroom = isKnown ? Math.max(memory ?? 0, LEAST_HEADROOM) : 0
  }

  /** The limit for V8 in MiB; undefined leaves V8's own limit. */
  get ofV8(): number | undefined {
    return this.#memory === undefined ? undefined : this.#memory + this.#headroom
  }

  /** Why a thread has to end; undefined while its heap is small enough. */
  broken({ used_heap_size: used, heap_size_limit: limit }: HeapInfo): string | undefined {
    const most =
      this.#memory === undefined
        ? limit * SHARE_OF_DEFAULT
        : (this.#memory + this.#headroom * SHARE) * MIB
    if (limit === 0 || used <= most) return undefined
    const [size, of] = [used, this.#memory === undefined ? limit : this.#memory * MIB]
    return `the thread was out of memory: a heap of ${mib(size)} MiB, with a limit of ${mib(of)} MiB`
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB)
}
