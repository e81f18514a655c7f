import type { Breaker } from '../../../src/job/breaker.ts'
import type { DeliveryRecord } from '../../../src/job/delivery.ts'
import type { JobState } from '../../../src/job/job.ts'
import type { Pause } from '../../../src/job/pause.ts'
import type { Queue } from '../../../src/store/admission.ts'
import { checkRow, type Row } from './row.ts'

/** A queue, and the lower bound of its next due time; null while only an event can free it. */
export interface QueueRow extends Queue {
  readonly readyAt: number | null
}

/** A group of a queue, and the lower bound of its next due time. */
export interface GroupRow extends QueueRow {
  readonly group: string
  readonly served: number
}

/** All that a queue in memory keeps. A row is never changed: another row takes its place. */
export class Tables {
  jobs = new Map<number, Row>()
  queues = new Map<string, QueueRow>()
  groups = new Map<string, GroupRow>()
  /** When the buckets of rates are full again. */
  spent = new Map<string, number>()
  /** A new array after each change. */
  pauses: readonly Pause[] = []
  /** Those that are not closed. */
  breakers = new Map<string, Breaker>()
  deliveries: readonly DeliveryRecord[] = []
  lastId = 0

  /** Runs a transaction, or a part of one. If the body throws, none of its changes stay. */
  atomically<T>(body: () => T): T {
    const { jobs, queues, groups, spent, pauses, breakers, deliveries, lastId } = this
    this.breakers = new Map(breakers)
    this.jobs = new Map(jobs)
    this.queues = new Map(queues)
    this.groups = new Map(groups)
    this.spent = new Map(spent)
    try {
      return body()
    } catch (error) {
      Object.assign(this, { jobs, queues, groups, spent, pauses, breakers, deliveries, lastId })
      throw error
    }
  }

  /** @throws TypeError for a row that no database would take */
  put(row: Row): Row {
    checkRow(row)
    this.jobs.set(row.id, row)
    return row
  }

  /** Puts a changed copy in the place of a row. */
  change(row: Row, over: Partial<Row>): Row {
    return this.put({ ...row, ...over })
  }

  /** The jobs in a state, in the order of their ids: the order in which they were written. */
  in(state: JobState): Row[] {
    return [...this.jobs.values()].filter((row) => row.state === state)
  }

  /** The queued jobs of a queue, in the order in which they run. */
  queued({ kind, priority }: Queue): Row[] {
    return this.in('queued')
      .filter((row) => row.kind === kind && row.priority === priority)
      .sort((a, b) => a.runAt - b.runAt || a.id - b.id)
  }

  /** The queued or running job that holds a key. */
  holder(key: string | null): Row | undefined {
    if (key === null) return undefined
    return [...this.jobs.values()].find((row) => row.dedupeKey === key && row.state !== 'dead')
  }
}

/** Makes the key of a row from the values that tell the row from others. */
export function keyOf(...parts: (string | number)[]): string {
  return JSON.stringify(parts)
}
