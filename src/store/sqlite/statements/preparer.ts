import type { Database, Statement } from 'better-sqlite3'

// Statements say `LIMIT +?`, and not `LIMIT ?`: SQLite's planner looks at the value of a bare
// parameter, and plans the statement anew whenever the parameter is bound again. Planning takes
// longer than most statements run (`sqlite3ExprIsInteger` in SQLite 3.53).

type Row = unknown[]

/** A statement that is run, or that gives one value. */
export interface PlainStatement extends Statement {
  readonly source: string
}

/** A statement that gives rows as arrays. */
export interface RowStatement extends Statement<unknown[], Row> {
  readonly source: string
}

/** Sets each mode of a statement: a host may have set other modes for its connection. */
export function preparer(db: Pick<Database, 'prepare'>) {
  return {
    run: (sql: string): PlainStatement => withObjects(db.prepare(sql).safeIntegers(false)),
    rows: (sql: string): RowStatement =>
      db.prepare<unknown[], Row>(sql).safeIntegers(false).raw(true),
    value: (sql: string): PlainStatement => db.prepare(sql).safeIntegers(false).pluck(true),
  }
}

/** Gives rows as objects: `raw(true)` ends any other mode, and `raw(false)` ends `raw`. */
function withObjects(statement: Statement): Statement {
  return statement.reader ? statement.raw(true).raw(false) : statement
}
