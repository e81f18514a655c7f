import Database from 'better-sqlite3'
import { MEETS_WORK, type Fault } from './fault.ts'

/** Rows that are no longer as they were written. Their jobs run all the same, and stop no other. */
export const DAMAGED_ROWS: Fault[] = [
  {
    ...MEETS_WORK,
    name: 'rows damaged',
    code: undefined,
    inflict: async ({ file }) => {
      const connection = new Database(file)
      connection.exec(`UPDATE helve_jobs SET errors = 'oops', overrides = '['`)
      connection.close()
    },
    heal: async () => undefined,
  },
]
