import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** The statements for whole transactions and their parts. */
export function prepareTransactions(db: Database) {
  const { run } = preparer(db)
  return {
    begin: run('BEGIN IMMEDIATE'),
    commit: run('COMMIT'),
    rollback: run('ROLLBACK'),
    ...prepareParts(db),
  }
}

/** The statements for parts of a transaction that are undone alone. */
export function prepareParts(db: Pick<Database, 'prepare'>) {
  const { run } = preparer(db)
  return {
    savepoint: run('SAVEPOINT helve'),
    release: run('RELEASE helve'),
    rollbackTo: run('ROLLBACK TO helve'),
  }
}

export type TransactionStatements = ReturnType<typeof prepareTransactions>
