import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { aJob, claimOne, enqueue, NOW } from '../../support/jobs.ts'

// Forked by owner-lock.test.ts: owns a queue, runs one of its two jobs, and waits to be killed.

const [file] = process.argv.slice(2)
const store = await SqliteStore.open(file!)
await store.join(NOW)
await enqueue(store, aJob({ dedupeKey: 'k' }), aJob())
process.send!(await claimOne(store))
process.on('message', () => undefined)
