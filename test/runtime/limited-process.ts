import type handlers from '../support/runtime/handlers.ts'
import { Runtime, SqliteStore } from '../../src/index.ts'
import { built } from '../support/built.ts'

// Forked by thread-limit.test.ts. Enqueues a job of the kind that each message names, and tells what
// becomes of its thread and of its jobs.

const [file] = process.argv.slice(2)
const store = await SqliteStore.open(file!)
const runtime = new Runtime<typeof handlers>(store, {
  handlers: built(new URL('../support/runtime/handlers.ts', import.meta.url)),
  lanes: { default: { threads: 1, spare: false } },
  config: { cells: new Int32Array(new SharedArrayBuffer(4_096)) },
  logger: false,
})
runtime.on('thread:up', () => process.send!('up'))
runtime.on('thread:down', ({ reason }) => process.send!(`down: ${reason}`))
runtime.on('completed', ({ job }) => process.send!(`completed: ${job.kind}`))
process.on('message', (kind: 'exit' | 'echo') => void runtime.enqueue(kind, {}))
await runtime.run()
