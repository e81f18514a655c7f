import type { Database } from 'better-sqlite3'
import type { HandlerContext } from 'helve/worker'
import { readBlobs } from './blobs.ts'
import { headCommit, type Repository } from './repositories.ts'
import { listFiles, type TreeFile } from './tree.ts'

/** How far the index of a repository is. */
export interface IndexState {
  /** The indexed commit; `null` before the first one, or if the repository has no commit yet. */
  commit: string | null
  files: number
  /** The number of files that are neither binary nor too large. */
  searchable: number
}

interface IndexedFile {
  pk: number
  path: string
  blob: string
}

const MAX_FILE_BYTES = 1024 * 1024
/** A NUL in the first bytes of a file makes the file binary; git searches as many bytes. */
const HEAD_BYTES = 8 * 1024
/** The most files that one transaction writes: others get at the database in between. */
const BATCH = 250

/** Full-text search in the files at each repository's HEAD. */
export class SearchIndex {
  readonly #db: Database
  readonly #statements

  constructor(db: Database) {
    this.#db = db
    this.#statements = prepare(db)
  }

  /** Paths of the files of one repository that contain the text, best first. */
  search(repoPk: number, text: string, limit = 10): string[] {
    return this.#statements.search.all(`"${text.replaceAll('"', '""')}"`, repoPk, limit)
  }

  /** How far a repository's index is. */
  state(repoPk: number): IndexState {
    return this.#statements.state.get(repoPk) as IndexState
  }

  /**
   * Brings a repository's index to its HEAD. Only files that changed are read, so that a run
   * that was interrupted goes on where it ended.
   */
  async rebuild(repository: Repository, ctx: HandlerContext): Promise<void> {
    const { signal } = ctx
    const { pk, path } = repository
    const head = await headCommit(path, signal)
    const files = head === null ? [] : await listFiles(path, head, signal)
    const wanted = new Map(files.map((file) => [file.path, file]))
    const known = new Map(this.#statements.files.all(pk).map((file) => [file.path, file]))
    const gone = [...known.values()].filter((file) => wanted.get(file.path)?.blob !== file.blob)
    const changed = [...wanted.values()].filter((file) => known.get(file.path)?.blob !== file.blob)

    for (const batch of batches(gone)) this.#remove(batch)
    await this.#read(repository, changed, ctx)
    this.#statements.setCommit.run(head, pk)
  }

  async #read({ pk, name, path }: Repository, files: TreeFile[], ctx: HandlerContext) {
    const readable = files.filter(({ size }) => size <= MAX_FILE_BYTES).map(({ blob }) => blob)
    const blobs = readBlobs(path, readable, ctx.signal)
    try {
      let done = 0
      for (const batch of batches(files)) {
        const bodies: (string | undefined)[] = []
        for (const { size } of batch) {
          bodies.push(size <= MAX_FILE_BYTES ? textOf((await blobs.next()).value) : undefined)
        }
        this.#add(pk, batch, bodies)
        done += batch.length
        ctx.progress({ name, done, of: files.length })
      }
    } finally {
      await blobs.return(undefined)
    }
  }

  #add(repoPk: number, files: TreeFile[], bodies: (string | undefined)[]): void {
    const { addFile, addContent } = this.#statements
    this.#write(() => {
      files.forEach(({ path, blob }, i) => {
        const { lastInsertRowid } = addFile.run(repoPk, path, blob)
        if (bodies[i] !== undefined) addContent.run(lastInsertRowid, path, bodies[i])
      })
    })
  }

  #remove(files: IndexedFile[]): void {
    const { removeFile, removeContent } = this.#statements
    this.#write(() => {
      for (const { pk } of files) {
        removeFile.run(pk)
        removeContent.run(pk)
      }
    })
  }

  #write(change: () => void): void {
    this.#db.transaction(change).immediate()
  }
}

function prepare(db: Database) {
  return {
    search: db
      .prepare<[string, number, number], string>(
        `SELECT files.path FROM contents JOIN files ON files.pk = contents.rowid
        WHERE contents MATCH ? AND repo_pk = ? ORDER BY rank LIMIT ?`,
      )
      .pluck(),
    files: db.prepare<[number], IndexedFile>('SELECT pk, path, blob FROM files WHERE repo_pk = ?'),
    addFile: db.prepare('INSERT INTO files (repo_pk, path, blob) VALUES (?, ?, ?)'),
    addContent: db.prepare('INSERT INTO contents (rowid, path, body) VALUES (?, ?, ?)'),
    removeFile: db.prepare('DELETE FROM files WHERE pk = ?'),
    removeContent: db.prepare('DELETE FROM contents WHERE rowid = ?'),
    state: db.prepare<[number], IndexState>(`
      SELECT indexed_commit AS "commit", count(files.pk) AS files, count(contents.rowid) AS searchable
      FROM repositories
      LEFT JOIN files ON files.repo_pk = repositories.pk
      LEFT JOIN contents ON contents.rowid = files.pk
      WHERE repositories.pk = ?`),
    setCommit: db.prepare('UPDATE repositories SET indexed_commit = ? WHERE pk = ?'),
  }
}

/** The text of a blob; `undefined` for a binary file. */
function textOf(blob: Buffer | undefined): string | undefined {
  if (blob === undefined) throw new Error('git cat-file: fewer blobs than asked for')
  return blob.subarray(0, HEAD_BYTES).includes(0) ? undefined : blob.toString()
}

function* batches<T>(items: T[]): Generator<T[]> {
  for (let start = 0; start < items.length; start += BATCH) yield items.slice(start, start + BATCH)
}
