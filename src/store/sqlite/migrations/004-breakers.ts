/** Breakers of groups: which are not closed, until when, and why. */
export const breakers = `
  CREATE TABLE helve_breakers (
    kind       TEXT    NOT NULL,
    grp        TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    opened_at  INTEGER NOT NULL,
    open_until INTEGER NOT NULL,
    room       INTEGER NOT NULL,
    failures   INTEGER NOT NULL,
    trips      INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    PRIMARY KEY (kind, grp)
  ) STRICT, WITHOUT ROWID;
`
