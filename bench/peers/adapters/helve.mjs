import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Runtime, SqliteStore } from '../../../dist/src/index.js'

// This adapter runs helve's handlers on the main thread, as most peers run theirs.

/**
 * @param {import('../trial.ts').Setup} setup
 * @param {{ durability: 'power' | 'process' }} options
 */
export async function setup({ payload, completed }, { durability }) {
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const store = await SqliteStore.open(join(folder, 'queue.db'), { durability })
  const runtime = new Runtime(store)
  runtime.register('noop', async () => {})
  runtime.on('completed', () => completed(1))
  return {
    enqueue: () => runtime.enqueue('noop', payload),
    fill: async (/** @type {number} */ jobs) => {
      await runtime.enqueueMany(Array.from({ length: jobs }, () => ({ kind: 'noop', payload })))
    },
    start: () => void runtime.run(),
    close: async () => {
      await runtime.stop()
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
