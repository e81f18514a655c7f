import Database from 'better-sqlite3'
import { Runtime, SqliteStore, type WebhookTarget } from '../../src/index.ts'

// A process that publishes events, forked by publishing-twice.test.ts. The process says `ready`, is
// told what to publish, and answers with the results.

/** What a process is to publish. */
export interface Order {
  target: WebhookTarget
  guids: string[]
  /** Whether the process publishes in transactions of its own. */
  inTransactions: boolean
}

const [file] = process.argv.slice(2) as [string]
const store = await SqliteStore.open(file)
const runtime = new Runtime(store, { logger: false })
const connection = new Database(file)

process.once('message', async ({ target, guids, inTransactions }: Order) => {
  const publishOne = async (guid: string, n: number): Promise<unknown> => {
    const publication = { target, payload: { n }, guid }
    if (!inTransactions) return runtime.webhooks.publish('push', publication)
    const publish = (): unknown => runtime.webhooks.publishIn(connection, 'push', publication)
    // The other process writes as well: a transaction that begins to write later than it begins to
    // read could not wait for the other process.
    return connection.transaction(publish).immediate()
  }
  const results: unknown[] = []
  for (const [n, guid] of guids.entries()) {
    results.push(await publishOne(guid, n))
    // Lets the other process take the write lock between two events.
    await new Promise(setImmediate)
  }
  process.send!(results, () => process.disconnect())
  connection.close()
  await store.close()
})
process.send!('ready')
