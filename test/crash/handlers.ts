import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineHandlers, type Job } from '../../workers/define-handlers.ts'

/** What the processes of these tests hand to their threads. */
export interface Config {
  /** Where runs are written down, by whichever process they are in. */
  ledger: string
  cells: Int32Array<SharedArrayBuffer>
}

/** What is written down of a run. */
export type What = 'start' | 'end' | 'failure'

/** Names a submission; within a key it only grows. */
export interface Payload {
  n: number
}

/** One write of a file opened for appending: a line is there whole, or not at all. */
export function write(ledger: string, what: What, job: Job<Payload>): void {
  const { id, kind, dedupeKey, attempt, payload } = job
  const fields = [what, process.pid, id, kind, dedupeKey ?? '-', payload.n, attempt]
  appendFileSync(ledger, `${fields.join(' ')}\n`)
}

export default defineHandlers(({ ledger, cells }: Config) => {
  const work = async (job: Job<Payload>): Promise<void> => {
    write(ledger, 'start', job)
    await sleep(job.payload.n % 7)
    write(ledger, 'end', job)
  }
  return {
    kinds: {
      plain: work,
      keyed: work,
      async flaky(job: Job<Payload>) {
        write(ledger, 'start', job)
        await sleep(job.payload.n % 3)
        write(ledger, job.attempt === 1 ? 'failure' : 'end', job)
        if (job.attempt === 1) throw new Error('the first attempt fails')
      },

      /** Goes on for as long as one that kills its process needs to meet it. */
      async slow(job: Job<Payload>) {
        write(ledger, 'start', job)
        Atomics.store(cells, 0, 1)
        Atomics.notify(cells, 0)
        await sleep(400)
        write(ledger, 'end', job)
      },
      deadly(job: Job<Payload>) {
        write(ledger, 'start', job)
        Atomics.wait(cells, 0, 0, 200)
        process.kill(process.pid, 'SIGKILL')
        Atomics.wait(cells, 1, 0)
      },
    },
  }
})
