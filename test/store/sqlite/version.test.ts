import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { refusal } from '../../support/jobs.ts'
import { openStore } from '../../support/store.ts'

/** `isGood`: the version of SQLite does not have the bug in which a WAL reset damages the file. */
const VERSIONS: [version: string, isGood: boolean][] = [
  ['3.9.0', false],
  ['3.46.1', false],
  ['3.51.2', false],
  ['3.51.3', true],
  ['3.51.10', true],
  ['3.53.2', true],
  ['4.0.0', true],
]

describe('a store on SQLite', () => {
  for (const [version, isGood] of VERSIONS) {
    test(`${version} is ${isGood ? 'opened' : 'refused'}`, async (t) => {
      const { prepare } = Database.prototype
      const told = { pluck: () => ({ get: () => version }) }
      t.mock.method(Database.prototype, 'prepare', function (this: Database.Database, sql: string) {
        return sql.includes('sqlite_version') ? told : prepare.call(this, sql)
      })
      if (isGood) await openStore(t)
      else await assert.rejects(openStore(t), refusal('HELVE_ERR_OPTION', '3.51.3', version))
    })
  }
})
