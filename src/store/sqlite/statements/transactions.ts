import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** Whole transactions, and parts of one that are undone by themselves. */
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
