import type { Database } from 'better-sqlite3'

/**
 * All that helve keeps in a file, as text: two files with the same text hold the same. The anchor
 * of the queue's timeline is left out: a turn writes the anchor in a transaction of its own, after
 * the turn's.
 */
export function contents(connection: Database): string {
  const tables = connection
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'helve@_%' ESCAPE '@'`,
    )
    .pluck()
    .all() as string[]
  const rows = (table: string): unknown =>
    connection.prepare(`SELECT * FROM ${table} NOT INDEXED`).all().filter(isNoAnchor)
  return JSON.stringify(tables.sort().map((table) => [table, rows(table)]))
}

function isNoAnchor(row: unknown): boolean {
  return (row as { key?: unknown }).key !== 'clock'
}
