import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { better, defineQueue, defineWorker } from 'plainjob'
// The project's own better-sqlite3 opens the connection that plainjob is given.
import Database from 'better-sqlite3'

const nothing = () => {}
const logger = { debug: nothing, info: nothing, warn: nothing, error: console.error }

/** @param {import('../trial.ts').Setup} setup */
export async function setup({ payload, completed, failed }) {
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const connection = better(new Database(join(folder, 'queue.db')))
  const queue = defineQueue({ connection, logger })
  const worker = defineWorker('noop', async () => {}, {
    queue,
    logger,
    pollIntervall: 1,
    onCompleted: () => completed(1),
    onFailed: (_, error) => failed(error),
  })
  return {
    enqueue: async () => {
      queue.add('noop', payload)
      // `add` commits before it returns. Without a turn of the event loop here, a thousand
      // producers would never let the worker's timer fire.
      await turnOfTheLoop()
    },
    fill: async (/** @type {number} */ jobs) => {
      queue.addMany('noop', Array(jobs).fill(payload))
    },
    start: () => void worker.start(),
    close: async () => {
      await worker.stop()
      queue.close()
      rmSync(folder, { recursive: true })
    },
  }
}
