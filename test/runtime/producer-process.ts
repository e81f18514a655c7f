import { SqliteStore, StoreEnqueuer } from '../../src/index.ts'

// Forked by producers.test.ts: a git hook, say. Enqueues once for each message, and tells the id.

const [file] = process.argv.slice(2)
const store = await SqliteStore.open(file!)
const enqueuer = new StoreEnqueuer(store)
process.on('message', async (n: number) => {
  const { id } = await enqueuer.enqueue('echo', { n })
  process.send!(id)
})
process.send!('ready')
