import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, makeWorkerUtils, run } from 'graphile-worker'

const CONCURRENCY = 24

/** @param {import('../trial.ts').Setup} setup */
export async function setup({ server, payload, completed }) {
  const logger = new Logger(() => () => {})
  // The settings on the page about performance in graphile-worker's documentation.
  const preset = {
    worker: {
      connectionString: server,
      concurrentJobs: CONCURRENCY,
      maxPoolSize: CONCURRENCY + 1,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  }
  const utils = await makeWorkerUtils({ preset, logger })
  await utils.migrate()
  /** @type {{ stop(): Promise<void> } | undefined} */
  let runner
  return {
    enqueue: () => utils.addJob('noop', payload),
    fill: async (/** @type {number} */ jobs) => {
      await utils.addJobs(Array.from({ length: jobs }, () => ({ identifier: 'noop', payload })))
    },
    start: async () => {
      runner = await run({
        preset,
        logger,
        noHandleSignals: true,
        parsedCronItems: [],
        taskList: { noop: async () => completed(1) },
      })
    },
    // graphile-worker deletes a job some time after its handler has returned.
    settled: async () => {
      const query = 'SELECT EXISTS (SELECT FROM graphile_worker.jobs) AS left'
      const isLeft = () => utils.withPgClient(async (pg) => (await pg.query(query)).rows[0].left)
      while (await isLeft()) await sleep(2)
    },
    close: async () => {
      await runner?.stop()
      await utils.release()
    },
  }
}
