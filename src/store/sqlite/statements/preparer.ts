import type { Database, Statement } from 'better-sqlite3'

// `LIMIT +?`, and not `LIMIT ?`: SQLite's planner looks at the value of a bare parameter, and plans
// the statement anew whenever that is bound again, which takes longer than most of them run
// (`sqlite3ExprIsInteger` in SQLite 3.53).

type Row = unknown[]

/** Is run, or gives one value. */
export interface PlainStatement extends Statement {
  readonly source: string
}

/** Gives rows as arrays. */
export interface RowStatement extends Statement<unknown[], Row> {
  readonly source: string
}

/** Sets each mode of a statement: a host may have given its connection any other. */
export function preparer(db: Pick<Database, 'prepare'>) {
  return {
    run: (sql: string): PlainStatement => withObjects(db.prepare(sql).safeIntegers(false)),
    rows: (sql: string): RowStatement =>
      db.prepare<unknown[], Row>(sql).safeIntegers(false).raw(true),
    value: (sql: string): PlainStatement => db.prepare(sql).safeIntegers(false).pluck(true),
  }
}

/** What gives rows gives objects: `raw` ends any other mode, and has to be ended itself. */
function withObjects(statement: Statement): Statement {
  return statement.reader ? statement.raw(true).raw(false) : statement
}
