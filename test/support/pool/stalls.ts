import { AsyncResource } from 'node:async_hooks'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setImmediate, setTimeout as timeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { MessageChannel } from 'node:worker_threads'
import type { HandlerContext, Job } from '../../../workers/define-handlers.ts'

// Handlers that hold the event loop of their thread.

/** What a handler may wait for before it holds the event loop. */
export type Wait = keyof typeof WAITS

export const WAITS = {
  nothing: () => undefined,
  tick: () => new Promise<void>((resolve) => process.nextTick(resolve)),
  microtasks: async () => {
    for (let n = 0; n < 5; n += 1) await Promise.resolve()
  },
  immediate: () => setImmediate(),
  timer: () => timeout(15),
  timerCallback: () => new Promise((resolve) => setTimeout(resolve, 15)),
  file: () => readFile(fileURLToPath(import.meta.url)),
  async message() {
    const { port1, port2 } = new MessageChannel()
    port2.postMessage('x')
    await once(port1, 'message')
    port1.close()
  },
  async socket() {
    const server = createServer((socket) => socket.end('x')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'data')
    socket.destroy()
    server.close()
  },
}

let shared: AsyncResource | undefined

/** @param cells a job's own cell is at its id: the job holds the loop until its cell is set */
export function stalls(cells: Int32Array<SharedArrayBuffer>) {
  const holdLoop = (id: number): unknown => Atomics.wait(cells, id, 0)

  return {
    async stall(job: Job<{ after: Wait }>, ctx: HandlerContext) {
      await WAITS[job.payload.after]()
      ctx.progress('holds')
      holdLoop(job.id)
      return 'released'
    },
    /** Waits again and again until the test releases the job. */
    async tick(job: Job, ctx: HandlerContext) {
      ctx.progress('runs')
      while (Atomics.load(cells, job.id) === 0) await timeout(2)
      return 'released'
    },
    holdFor(job: Job<{ ms: number }>) {
      Atomics.wait(cells, job.id, 0, job.payload.ms)
    },
    /** Holds the event loop once the run is over. */
    leaveStall(job: Job, ctx: HandlerContext) {
      setTimeout(() => {
        ctx.logger.info('holds')
        holdLoop(job.id)
      }, 15)
    },
    shareResource() {
      shared = new AsyncResource('test')
    },
    /** Holds the event loop after code of another job has run within its own code. */
    stallAroundAnother(job: Job, ctx: HandlerContext) {
      shared?.runInAsyncScope(() => undefined)
      ctx.progress('holds')
      holdLoop(job.id)
    },
  }
}
