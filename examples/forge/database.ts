import Database from 'better-sqlite3'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS repositories (
    pk INTEGER PRIMARY KEY,
    source TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    indexed_commit TEXT
  ) STRICT;

  CREATE TABLE IF NOT EXISTS files (
    pk INTEGER PRIMARY KEY,
    repo_pk INTEGER NOT NULL REFERENCES repositories,
    path TEXT NOT NULL,
    blob TEXT NOT NULL,
    UNIQUE (repo_pk, path)
  ) STRICT;

  CREATE VIRTUAL TABLE IF NOT EXISTS contents USING fts5 (
    path, body, tokenize = "unicode61 tokenchars '_'"
  );

  CREATE TABLE IF NOT EXISTS pull_requests (
    pk INTEGER PRIMARY KEY,
    repo_pk INTEGER NOT NULL REFERENCES repositories,
    title TEXT NOT NULL,
    base TEXT NOT NULL,
    head TEXT NOT NULL,
    mergeable TEXT NOT NULL DEFAULT 'unknown',
    conflicts TEXT NOT NULL DEFAULT '[]',
    review_decision TEXT NOT NULL DEFAULT 'review_required'
  ) STRICT;

  CREATE TABLE IF NOT EXISTS reviews (
    pk INTEGER PRIMARY KEY,
    issue_pk INTEGER NOT NULL REFERENCES pull_requests,
    reviewer TEXT NOT NULL,
    verdict TEXT NOT NULL
  ) STRICT;

  CREATE TABLE IF NOT EXISTS checks (
    issue_pk INTEGER NOT NULL REFERENCES pull_requests,
    name TEXT NOT NULL,
    conclusion TEXT NOT NULL,
    PRIMARY KEY (issue_pk, name)
  ) STRICT;
`

/** Opens the forge's own data. The queue has a file of its own, which handlers never open. */
export function openDatabase(file: string): Database.Database {
  const db = new Database(file, { timeout: 10_000 })
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL')
  db.exec(SCHEMA)
  return db
}
