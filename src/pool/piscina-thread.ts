import type { HeapInfo } from 'node:v8'
import { receiveMessageOnPort, type MessagePort, type Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { ThreadData } from '../thread/protocol.ts'
import { HeapLimit, HEAPS_ARE_KNOWN, type MeasuredWorker } from './heap-limit.ts'
import { portOf } from './thread-messages.ts'

/** How threads are started. */
export interface ThreadStart {
  entry: string
  /** Node's own options for the thread. */
  flags: string[]
  environment: Record<string, string>
  /** Heap limit in MiB; undefined leaves Node's own. */
  memory: number | undefined
  /** Milliseconds within which a thread has to be set up. */
  setupTimeout: number
}

/**
 * One thread, from its start to its exit: a Piscina of exactly one thread, which starts no other
 * thread. So the lane always knows which jobs a thread runs, and which thread a message comes from.
 * Piscina never queues a job inside itself, where the crash of a thread could strand the job.
 */
export class PiscinaThread {
  readonly worker: Worker
  /** Kept here, since the `threadId` of a worker that has exited is −1. */
  readonly id: number
  /** The result of the task that starts the thread; rejects if the thread exits before. */
  readonly started: Promise<unknown>
  /** Resolves once the thread has really stopped. */
  readonly exited: Promise<void>
  readonly #piscina: Piscina
  readonly #onMessage: (message: unknown) => void
  /** The port that the thread's messages come from, once the thread takes tasks. */
  #port: MessagePort | undefined

  /**
   * @param first the task that the thread is started with
   * @throws whatever keeps the thread from being started, such as a system without free threads
   */
  constructor(
    { entry, flags, environment, memory }: ThreadStart,
    data: ThreadData,
    first: unknown,
    onMessage: (message: unknown) => void,
  ) {
    const heap = new HeapLimit(memory).ofV8
    this.#piscina = new Piscina({
      filename: entry,
      // With a minimum of one, Piscina would start the next thread by itself, inside a listener,
      // where an error ends the process. The first task starts the only thread; it never idles out.
      ...{ minThreads: 0, maxThreads: 1, idleTimeout: Infinity },
      // Piscina never queues a job: each job has a slot, in a thread that is up.
      concurrentTasksPerWorker: data.flags.length,
      // The default would freeze the event loop of an idle thread, and with it every timer in it.
      atomics: 'disabled',
      recordTiming: false,
      execArgv: flags,
      env: environment,
      workerData: data,
      ...(heap === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heap } }),
    })
    // Without a listener, an error outside of any task would end the process. The thread exits
    // after such an error, and the exit is what counts.
    this.#piscina.on('error', () => undefined)
    this.#onMessage = onMessage
    this.#piscina.on('message', (message) => this.#hear(message))
    this.started = this.#piscina.run(first)
    this.worker = this.#piscina.threads[0]!
    this.id = this.worker.threadId
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', () => {
        this.#hearLastWords()
        resolve()
      })
    })
    this.#keepAlive()
  }

  /** @throws when the thread ends before it has a result */
  run(task: unknown): Promise<unknown> {
    return this.#piscina.run(task)
  }

  /** Measures the heap; undefined where Node cannot do so, and once the thread has exited. */
  async heap(): Promise<HeapInfo | undefined> {
    if (!HEAPS_ARE_KNOWN) return undefined
    try {
      return await (this.worker as MeasuredWorker).getHeapStatistics()
    } catch {
      // The thread has exited, and has no heap.
      return undefined
    }
  }

  /** Ends the thread by force. Resolves once it has exited. */
  end(): Promise<void> {
    void this.worker.terminate()
    return this.exited
  }

  #hear(message: unknown): void {
    const port = portOf(message)
    if (port === undefined) return this.#onMessage(message)
    this.#port = port
    port.on('message', this.#onMessage)
    // Tasks of the thread keep the process alive; messages between tasks do not.
    port.unref()
  }

  /** Reads what the thread has sent before its end, and nobody has read yet. */
  #hearLastWords(): void {
    if (this.#port === undefined) return
    let received
    while ((received = receiveMessageOnPort(this.#port))) this.#onMessage(received.message)
    this.#port.close()
  }

  /** Keeps the process alive until the thread has started: Piscina lets the process end before. */
  #keepAlive(): void {
    this.worker.ref()
    const letGo = (): void => {
      this.worker.unref()
    }
    this.started.then(letGo, letGo)
    // A task inside Piscina that waits for a thread that has failed to start would wait for ever.
    void this.exited.then(() => this.#piscina.destroy())
  }
}
