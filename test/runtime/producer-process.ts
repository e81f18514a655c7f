import { SqliteStore, StoreEnqueuer } from '../../src/index.ts'

// A producer such as a git hook, forked by producers.test.ts. It enqueues a job for each message,
// and answers with the id.

const [file] = process.argv.slice(2)
const store = await SqliteStore.open(file!)
const enqueuer = new StoreEnqueuer(store)
process.on('message', async (n: number) => {
  const { id } = await enqueuer.enqueue('echo', { n })
  process.send!(id)
})
process.send!('ready')
