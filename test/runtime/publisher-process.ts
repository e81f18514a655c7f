import Database from 'better-sqlite3'
import { Runtime, SqliteStore, type Publication } from '../../src/index.ts'

// A process that publishes events, forked by publishing-twice.test.ts. The process says `ready`, and
// answers each event with the result.

/** How the process publishes: by its runtime, or in transactions of its own. */
export type Way = 'publish' | 'publishIn'

const [file, way] = process.argv.slice(2) as [string, Way]
const store = await SqliteStore.open(file)
const runtime = new Runtime(store, { logger: false })
const connection = new Database(file)

async function publish(publication: Publication): Promise<unknown> {
  if (way === 'publish') return runtime.webhooks.publish('push', publication)
  const own = (): unknown => runtime.webhooks.publishIn(connection, 'push', publication)
  // The other process writes as well: a transaction that begins to write later than it begins to
  // read could not wait for the other process.
  return connection.transaction(own).immediate()
}

process.on('message', async (publication: Publication) => {
  process.send!(await publish(publication))
})
process.send!('ready')
