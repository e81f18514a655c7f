import type { Database } from 'better-sqlite3'

const held = new Set<Database>()

/** Keeps a connection open until the process ends: the garbage collector would close it. */
export function holdUntilExit(db: Database): void {
  held.add(db)
}

/** Closes a connection, held or not. */
export function close(db: Database): void {
  held.delete(db)
  db.close()
}
