import assert from 'node:assert/strict'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { judge as judgeRemains } from '../power-cut/judge.ts'
import { Ledger } from '../power-cut/ledger.ts'
import { submission } from '../power-cut/submissions.ts'
import type { Fault } from './fault.ts'
import type { News } from './orders.ts'

/** What there is to see after a fault. */
export interface Evidence {
  /** What the processes have told. */
  news: News[]
  /** What the processes and their threads have written down. */
  said: string
  /** A copy of the queue's folder. */
  remains: string
}

/** Judges what was told of a fault, and what the fault has left. */
export async function judge(fault: Fault, { news, said, remains }: Evidence): Promise<void> {
  assertCodes(fault, news)
  const starts = [...said.matchAll(/^start (\d+) /gm)].map(([, n]) => Number(n))
  assertRefusedIsNowhere(news, [...starts, ...inFile(remains)])
  if (fault.then === 'goes on') assertOnce(starts)
  const ledger = new Ledger()
  ledger.hear(said)
  assert.deepEqual(await judgeRemains(remains, ledger), [], 'acknowledged, and lost')
}

/** Asserts that nobody is told another code than those of the fault. */
function assertCodes({ code, also }: Fault, news: News[]): void {
  const allowed = [code, also, 'HELVE_ERR_CLOSED']
  const other = news.filter((one) => 'code' in one && !allowed.includes(one.code as never))
  assert.deepEqual(other, [], `told as something else than ${code}`)
}

function assertRefusedIsNowhere(news: News[], numbers: number[]): void {
  const refused = new Set(news.map((one) => ('n' in one ? one.n : undefined)))
  assert.deepEqual(
    numbers.filter((n) => refused.has(n)),
    [],
    'refused, and there',
  )
}

/** Asserts that no job has run again: the end of a run is kept until it can be written. */
function assertOnce(starts: number[]): void {
  const seen = new Set<number>()
  const twice = starts.filter((n) => {
    const again = seen.has(n) && submission(n).kind !== 'keyed'
    seen.add(n)
    return again
  })
  assert.deepEqual(twice, [], 'run twice')
}

function inFile(folder: string): number[] {
  const connection = new Database(join(folder, 'queue.db'))
  const numbers = connection.prepare(`SELECT json_extract(payload, '$.n') FROM helve_jobs`)
  try {
    return numbers.pluck().all() as number[]
  } finally {
    connection.close()
  }
}
