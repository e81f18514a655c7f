import { setTimeout as sleep } from 'node:timers/promises'
import PgBoss from 'pg-boss'
import { inChunks } from './in-chunks.mjs'

const BATCH = 500

/** @param {import('../trial.ts').Setup} setup */
export async function setup({ server, payload, completed, failed }) {
  const boss = new PgBoss({ connectionString: server, max: 20 })
  boss.on('error', failed)
  await boss.start()
  await boss.createQueue('noop')
  return {
    enqueue: () => boss.send('noop', payload),
    fill: (/** @type {number} */ jobs) =>
      inChunks(jobs, (length) =>
        boss.insert(Array.from({ length }, () => ({ name: 'noop', data: payload }))),
      ),
    start: async () => {
      const options = { batchSize: BATCH, pollingIntervalSeconds: 0.5 }
      const worker = await boss.work('noop', options, async (jobs) => {
        completed(jobs.length)
        // More jobs may wait. Without a notification the worker sleeps for the rest of the half
        // second.
        boss.notifyWorker(worker)
      })
    },
    // pg-boss lets nobody wait for the statement that completes a batch.
    settled: async () => {
      while ((await boss.getQueueSize('noop', { before: 'completed' })) > 0) await sleep(2)
    },
    close: () => boss.stop({ graceful: false }),
  }
}
