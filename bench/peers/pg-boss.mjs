import { setTimeout as sleep } from 'node:timers/promises'
import PgBoss from 'pg-boss'

const BATCH = 500
const CHUNK = 1_000

/** @param {import('./trial.mjs').Setup} setup */
export async function setup({ server, payload, completed, failed }) {
  const boss = new PgBoss({ connectionString: server, max: 20 })
  boss.on('error', failed)
  await boss.start()
  await boss.createQueue('noop')
  return {
    enqueue: () => boss.send('noop', payload),
    fill: async (/** @type {number} */ jobs) => {
      for (let left = jobs; left > 0; left -= CHUNK) {
        const some = { length: Math.min(left, CHUNK) }
        await boss.insert(Array.from(some, () => ({ name: 'noop', data: payload })))
      }
    },
    start: async () => {
      const options = { batchSize: BATCH, pollingIntervalSeconds: 0.5 }
      const worker = await boss.work('noop', options, async (jobs) => {
        completed(jobs.length)
        // There may be more: without this, the worker sleeps for the rest of the half second.
        boss.notifyWorker(worker)
      })
    },
    // Nobody waits for the statement that completes a batch.
    settled: async () => {
      while ((await boss.getQueueSize('noop', { before: 'completed' })) > 0) await sleep(2)
    },
    close: () => boss.stop({ graceful: false }),
  }
}
