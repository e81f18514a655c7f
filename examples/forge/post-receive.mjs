// The hook of a bare repository is a process of its own, and the pusher waits for it. The hook only
// tells what was pushed; the forge's threads do the work.
import { SqliteStore, StoreEnqueuer } from 'helve'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'

/** Milliseconds that a reindex waits for further pushes to fold into it. */
const REINDEX_DELAY = 1_000

const [queue, pk] = process.argv.slice(2)
const repo_pk = Number(pk)
const refs = (await text(process.stdin)).split('\n').filter(Boolean)

const store = await SqliteStore.open(queue)
const enqueuer = new StoreEnqueuer(store)
const reindex = { dedupeKey: `reindex:repo:${repo_pk}`, delay: REINDEX_DELAY }
await enqueuer.enqueue('reindex_search', { repo_pk }, reindex)
for (const line of refs) {
  const [before, after, ref] = line.split(' ')
  const about = { guid: randomUUID(), occurred_at: Date.now() }
  await enqueuer.enqueue('push', { repo_pk, ref, before, after, ...about })
}
await store.close()
