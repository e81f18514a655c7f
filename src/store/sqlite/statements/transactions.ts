import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** The statements for whole transactions, and for parts of a transaction that are undone alone. */
export function prepareTransactions(db: Database) {
  const { run } = preparer(db)
  return {
    begin: run('BEGIN IMMEDIATE'),
    commit: run('COMMIT'),
    rollback: run('ROLLBACK'),
    savepoint: run('SAVEPOINT helve'),
    release: run('RELEASE helve'),
    rollbackTo: run('ROLLBACK TO helve'),
  }
}

export type TransactionStatements = ReturnType<typeof prepareTransactions>
