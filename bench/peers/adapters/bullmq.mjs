import { Queue, Worker } from 'bullmq'
import { inChunks } from './in-chunks.mjs'

/** The value in BullMQ's documentation; 100 and 300 are no faster. */
const CONCURRENCY = 50

/**
 * @param {import('../trial.ts').Setup} setup
 * @param {{ sandbox: number }} options
 */
export async function setup({ server, payload, threads, completed, failed }, { sandbox }) {
  const connection = { url: server, maxRetriesPerRequest: null }
  const queue = new Queue('bench', {
    connection,
    defaultJobOptions: { removeOnComplete: true },
  })
  const worker = new Worker(
    'bench',
    sandbox ? new URL('./bullmq-processor.mjs', import.meta.url) : async () => {},
    {
      connection,
      autorun: false,
      concurrency: sandbox ? threads * sandbox : CONCURRENCY,
      useWorkerThreads: sandbox > 0,
    },
  )
  worker.on('completed', () => completed(1))
  worker.on('failed', (_, error) => failed(error))
  await queue.waitUntilReady()
  return {
    enqueue: () => queue.add('noop', payload),
    fill: (/** @type {number} */ jobs) =>
      inChunks(jobs, (length) =>
        queue.addBulk(Array.from({ length }, () => ({ name: 'noop', data: payload }))),
      ),
    start: () => void worker.run(),
    close: async () => {
      await worker.close()
      await queue.close()
    },
  }
}
