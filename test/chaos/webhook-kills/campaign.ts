import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { SqliteStore } from '../../../src/index.ts'
import { Random } from '../../support/random.ts'
import { LOOPBACK_HOOKS } from '../../support/store.ts'
import { Child } from '../crash/child.ts'
import { snapshot } from '../crash/snapshot.ts'
import { violation } from '../crash/violation.ts'
import { TARGET } from './event.ts'
import type { Order } from './host-process.ts'
import { judge, type AttemptRow, type DeliveryRow, type Remains } from './judge.ts'
import { Receiver } from './receiver.ts'

const SCRIPT = 'test/chaos/webhook-kills/host-process.js'
const HOOKS = 2
/** Requests that a kill meets, at the most: each of the two hooks has two at a time. */
const MOST_HELD = 3
/** Events that a process gets acknowledged before its kill. */
const EVENTS = 20

/** What a campaign is to do. */
export interface Plan {
  seed: number
  /** The folder for the files of the campaign. */
  folder: string
  kills: number
  /** Folder of the build that is tested. @default the repository's build */
  build?: string
}

/**
 * Runs hosts one after the other on one file. Each host publishes and delivers events until it is
 * killed while at least one request is under way; the last host delivers all that is left.
 *
 * @throws Violation
 */
export async function campaign({ seed, folder, kills, build }: Plan): Promise<Remains> {
  const file = join(await mkdtemp(join(folder, 'campaign-')), 'queue.db')
  const receiver = new Receiver()
  const random = new Random(seed)
  const acknowledged = new Set<number>()
  const run = async (use: (child: Child) => Promise<void>): Promise<void> => {
    const child = new Child([file], build, SCRIPT)
    try {
      await use(child)
    } finally {
      await child.kill()
    }
    for (const n of child.acks) acknowledged.add(n)
    if (child.errors().length > 0) violation('an error was told', child.errors())
  }
  try {
    const hooks = await makeHooks(file, await receiver.listen())
    let crashed: number[] = []
    for (let n = 0; n < kills; n += 1) {
      const order = { load: nextNumbers(acknowledged) }
      const held = 1 + random.below(MOST_HELD)
      await run((child) => kill(child, receiver, order, crashed, held))
      await receiver.quiet()
      crashed = await running(file)
    }
    receiver.letGo()
    await run(drain)
    const remains = { ...read(file), acknowledged: [...acknowledged], hooks, posts: receiver.posts }
    judge(remains)
    return remains
  } finally {
    receiver.close()
  }
}

async function makeHooks(file: string, url: string): Promise<number[]> {
  const store = await SqliteStore.open(file, { webhooks: LOOPBACK_HOOKS })
  try {
    const hook = { url, target: TARGET, secret: 'a secret' }
    const ids: number[] = []
    for (let n = 0; n < HOOKS; n += 1) ids.push(await store.webhooks.create(hook))
    return ids
  } finally {
    await store.close()
  }
}

/** Events that nobody has acknowledged are published again: nobody knows what became of them. */
function nextNumbers(acknowledged: ReadonlySet<number>): { again: number[]; first: number } {
  const last = Math.max(0, ...acknowledged)
  const numbers = Array.from({ length: last }, (_, i) => i + 1)
  return { again: numbers.filter((n) => !acknowledged.has(n)), first: last + 1 }
}

/**
 * Kills a host while `held` requests are under way. Before that, the jobs that the last kill has
 * crashed complete, because a job is dead after three crashes.
 */
async function kill(
  child: Child,
  receiver: Receiver,
  order: Order,
  crashed: readonly number[],
  held: number,
): Promise<void> {
  receiver.letGo()
  child.send(order)
  const done = (): boolean => crashed.every((id) => child.lines.includes(`done ${id}`))
  await child.until(() => done() && child.acks.length >= EVENTS, 'the start of a host')
  receiver.hold()
  await receiver.until(() => receiver.held >= held, `${held} requests under way`)
  await child.kill()
}

/** The jobs that a kill has found running. */
async function running(file: string): Promise<number[]> {
  const jobs = await snapshot(file)
  return jobs.filter(({ state }) => state === 'running').map(({ id }) => id)
}

async function drain(child: Child): Promise<void> {
  child.send({})
  const [code] = await child.exit()
  if (code !== 0 || child.lines.at(-1) !== 'drained') throw new Error('it did not drain')
}

function read(file: string): Pick<Remains, 'attempts' | 'deliveries' | 'jobs'> {
  const db = new Database(file, { readonly: true })
  try {
    const attempts = 'SELECT webhook_id AS hook, guid, outcome FROM helve_webhook_attempts'
    const deliveries = `
      SELECT webhook_id AS hook, guid, delivered_at IS NOT NULL AS delivered
      FROM helve_webhook_deliveries`
    return {
      attempts: db.prepare(attempts).all() as AttemptRow[],
      deliveries: db.prepare(deliveries).all() as DeliveryRow[],
      jobs: db.prepare('SELECT count(*) FROM helve_jobs').pluck().get() as number,
    }
  } finally {
    db.close()
  }
}
