import type { Database } from 'better-sqlite3'
import { prepareBreakers } from './breakers.ts'
import { prepareClaims } from './claims.ts'
import { prepareCommands } from './commands.ts'
import { prepareStarts } from './enqueue.ts'
import { prepareInspection } from './inspection.ts'
import { prepareOwnership } from './ownership.ts'
import { preparePublications } from './publications.ts'
import { prepareSettles } from './settles.ts'

export type QueueStatements = ReturnType<typeof prepareQueue>

/** All statements that the owner of the queue needs. */
export function prepareQueue(db: Database) {
  return {
    ...prepareStarts(db),
    ...prepareClaims(db),
    ...prepareBreakers(db),
    ...prepareSettles(db),
    ...prepareCommands(db),
    ...prepareInspection(db),
    ...prepareOwnership(db),
    ...preparePublications(db),
  }
}
