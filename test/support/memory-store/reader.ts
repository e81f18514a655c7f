import type { Breaker } from '../../../src/job/breaker.ts'
import type { DeliveryRecord } from '../../../src/job/delivery.ts'
import type { JobRecord } from '../../../src/job/job.ts'
import type { Pause } from '../../../src/job/pause.ts'
import type { WebhookReader } from '../../../src/job/webhook-desk.ts'
import type {
  Counts,
  Inspection,
  ListQuery,
  Page,
  Standing,
} from '../../../src/store/inspection.ts'
import { standingOf } from '../../../src/store/rules/standing.ts'
import { Connection } from './connection.ts'
import { counts, list, standingSource } from './inspection.ts'
import { recordOf } from './row.ts'

/** The verbs that change nothing. */
export class Reader extends Connection implements Inspection, WebhookReader {
  readonly webhooks = {
    /** The attempts of one hook, newest first. */
    deliveries: ({ hook }: { hook: number }): Promise<{ deliveries: DeliveryRecord[] }> => {
      return this.ask(({ deliveries: all }) => ({
        deliveries: all.filter((one) => one.webhookId === hook).toReversed(),
      }))
    },
  }

  get(id: number): Promise<JobRecord | undefined> {
    return this.ask(({ jobs }) => {
      const row = jobs.get(id)
      return row && recordOf(row, this.clock)
    })
  }

  list(query: ListQuery): Promise<Page> {
    return this.ask((tables) => list(tables, query, this.clock))
  }

  counts(): Promise<Counts> {
    return this.ask(counts)
  }

  oldestDue(now: number): Promise<number | undefined> {
    return this.ask((tables) => {
      const oldest = Math.min(...tables.in('queued').map(({ runAt }) => runAt))
      return oldest <= now ? this.clock.wallOf(oldest) : undefined
    })
  }

  breakers(): Promise<Breaker[]> {
    return this.ask(({ breakers }) => [...breakers.values()])
  }

  pauses(): Promise<Pause[]> {
    return this.ask(({ pauses }) => [...pauses])
  }

  standing(
    id: number,
    now: number,
    rivals: Parameters<Inspection['standing']>[2],
  ): Promise<Standing | undefined> {
    return this.ask((tables) => {
      const row = tables.jobs.get(id)
      if (row === undefined) return undefined
      const job = recordOf(row, this.clock)
      return standingOf(standingSource(tables), this.clock, job, now, rivals)
    })
  }

  /** The memory store keeps no hooks: no hook has the id. */
  getWebhook(): Promise<undefined> {
    return this.ask(() => undefined)
  }

  getDelivery(): Promise<undefined> {
    return this.ask(() => undefined)
  }

  /** The process that owns the queue. Only this process can own a queue in memory. */
  owner(): Promise<number | undefined> {
    return this.ask(() => (this.database.owner === undefined ? undefined : process.pid))
  }
}
