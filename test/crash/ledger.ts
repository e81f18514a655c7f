import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import type { Counts, JobRecord, Page } from '../../src/index.ts'
import type { What } from './handlers.ts'
import { connect, openStore } from '../support/store.ts'

/** One line of the file that handlers write to. */
export interface Entry {
  what: What
  pid: number
  id: number
  kind: string
  key: string
  n: number
  attempt: number
}

export function readLedger(file: string): Entry[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => {
    const [what, pid, id, kind, key, n, attempt] = line.split(' ')
    return {
      ...{ what: what as What, pid: Number(pid), id: Number(id), kind: kind!, key: key! },
      ...{ n: Number(n), attempt: Number(attempt) },
    }
  })
}

/** I3: no run begins while another of its job or key goes on in a process that lives. */
export function assertNoOverlap(entries: Entry[]): void {
  const open = new Map<string, Entry>()
  for (const entry of entries) {
    const names = [`job ${entry.id}`, ...(entry.key === '-' ? [] : [`key ${entry.key}`])]
    for (const name of names) {
      const other = open.get(name)
      if (entry.what === 'start') {
        assert.ok(other?.pid !== entry.pid, `${name}: ${JSON.stringify([other, entry])}`)
        open.set(name, entry)
      } else {
        assert.deepEqual([other?.pid, other?.id, other?.n], [entry.pid, entry.id, entry.n], name)
        open.delete(name)
      }
    }
  }
}

/** What a queue that has drained looks like on disk; resolves to the ids of its dead jobs. */
export async function assertDrained(t: TestContext, file: string): Promise<Set<number>> {
  const check = connect(t, file).pragma('integrity_check')
  assert.deepEqual(check, [{ integrity_check: 'ok' }])
  const store = await openStore(t, { file })
  const jobs: JobRecord[] = []
  let page: Page = await store.list({})
  for (jobs.push(...page.jobs); page.next !== undefined; jobs.push(...page.jobs)) {
    page = await store.list({ after: page.next })
  }
  const counted: Counts = {}
  for (const { kind, state, attempts, crashes } of jobs) {
    assert.deepEqual([state, attempts, crashes], ['dead', 0, 3])
    counted[kind] ??= { queued: 0, running: 0, dead: 0 }
    counted[kind][state] += 1
  }
  assert.deepEqual(await store.counts(), counted)
  return new Set(jobs.map(({ id }) => id))
}
