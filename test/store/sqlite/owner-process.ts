import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { aJob, claimOne, enqueue, NOW } from '../../support/jobs.ts'

// owner-lock.test.ts forks this process. The process owns a queue, claims one of the queue's two
// jobs, and waits to be killed.

const [file] = process.argv.slice(2)
const store = await SqliteStore.open(file!)
await store.join(NOW)
await enqueue(store, aJob({ dedupeKey: 'k' }), aJob())
process.send!(await claimOne(store))
process.on('message', () => undefined)
