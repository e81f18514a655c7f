import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { it } from 'node:test'
import { deliveryRetention, runDeliveryRetention } from '../../src/webhook/retention.ts'

const HOUR = 3_600_000

/** Runs sweeps at 0:00, 1:00 and so on, each with the next of these results, and then aborts. */
async function sweeps(...results: (number | Error)[]) {
  const controller = new AbortController()
  const log: [string, object, string][] = []
  const swept: number[] = []
  let now = 1_800_000_000_000
  const start = now
  const store = {
    async pruneDeliveries(before: number) {
      swept.push(before - start)
      const result = results[swept.length - 1]!
      if (result instanceof Error) throw result
      return result
    },
  }
  await runDeliveryRetention(store, {
    signal: controller.signal,
    logger: {
      info: (...line: unknown[]) => log.push(['info', ...line] as never),
      error: (...line: unknown[]) => log.push(['error', ...line] as never),
    },
    clock: {
      now: () => now,
      async wait(ms, signal) {
        assert.equal(signal, controller.signal)
        now += ms
        if (swept.length === results.length) controller.abort()
      },
    },
  })
  return { swept, log }
}

it('keeps records for 30 days', () => assert.equal(deliveryRetention, 2_592_000_000))

it('sweeps at once, and then every hour until aborted', async () => {
  const { swept } = await sweeps(0, 0, 0)
  assert.deepEqual(
    swept,
    [0, HOUR, 2 * HOUR].map((at) => at - deliveryRetention),
  )
})

it('logs how many records it deleted, if any', async () => {
  const { log } = await sweeps(0, 3, 0)
  assert.deepEqual(log, [['info', { pruned: 3 }, 'deleted old webhook deliveries']])
})

it('logs a sweep that fails, and goes on', async () => {
  const error = new Error('disk I/O error')
  const { log, swept } = await sweeps(error, 2)
  assert.equal(swept.length, 2)
  assert.deepEqual(log[0], ['error', { err: error }, 'deleting old webhook deliveries failed'])
  assert.equal(log[1]?.[0], 'info')
})

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
const silent = { info: () => undefined, error: () => undefined }

it('does not sweep when aborted already', async () => {
  let sweeps = 0
  const store = { pruneDeliveries: async () => ++sweeps }
  await runDeliveryRetention(store, { signal: AbortSignal.abort(), logger: silent })
  assert.equal(sweeps, 0)
})

it('ends its wait as soon as it is aborted, and leaves no timer behind', async () => {
  const before = timers()
  const controller = new AbortController()
  let swept!: () => void
  const sweep = new Promise<void>((resolve) => (swept = resolve))
  const store = { pruneDeliveries: async () => (swept(), 0) }
  const done = runDeliveryRetention(store, { signal: controller.signal, logger: silent })
  await sweep
  await new Promise(setImmediate)
  assert.equal(timers(), before + 1)
  controller.abort()
  await done
  assert.equal(timers(), before)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

it('waits for the sweep that is under way when it is aborted', async () => {
  const controller = new AbortController()
  let finished = false
  const store = {
    async pruneDeliveries() {
      controller.abort()
      await new Promise(setImmediate)
      finished = true
      return 0
    },
  }
  await runDeliveryRetention(store, { signal: controller.signal, logger: silent })
  assert.ok(finished)
})
