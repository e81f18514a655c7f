import type { Database } from 'better-sqlite3'

/** All that helve keeps in a file, as text: two files with the same text hold the same. */
export function contents(connection: Database): string {
  const tables = connection
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'helve@_%' ESCAPE '@'`,
    )
    .pluck()
    .all() as string[]
  const rows = (table: string): unknown =>
    connection.prepare(`SELECT * FROM ${table} NOT INDEXED`).all()
  return JSON.stringify(tables.sort().map((table) => [table, rows(table)]))
}
