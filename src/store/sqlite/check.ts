import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

/** What {@link check} found. */
export interface CheckResult {
  ok: boolean
  /** In SQLite's words, and helve's own: at most 100. */
  problems: string[]
}

// A thread of its own, since a check reads the whole file. As text, since the same words have to
// run from source and as built.
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { module, file, nativeBinding } = workerData
  const Database = require(module)
  const problems = []
  const look = (body) => {
    try {
      problems.push(...body())
    } catch (error) {
      problems.push(String(error.message))
    }
  }
  look(() => {
    const db = new Database(file, { readonly: true, ...(nativeBinding && { nativeBinding }) })
    look(() => db.pragma('integrity_check(100)').map((row) => row.integrity_check))
    look(() => db.prepare(\`
      SELECT 'counter of ' || state || ' ' || kind || ', priority ' || priority || ': off by ' || sum(jobs)
      FROM (
        SELECT state, kind, priority, jobs FROM helve_counters
        UNION ALL
        SELECT state, kind, priority, -count(*) FROM helve_jobs GROUP BY state, kind, priority)
      GROUP BY state, kind, priority HAVING sum(jobs) <> 0\`).pluck().all())
    return []
  })
  parentPort.postMessage(problems.filter((problem) => problem !== 'ok').slice(0, 100))
`

/** Reads the whole file, as it was when the check began: SQLite's structures, and helve's counters. */
export async function check(file: string, nativeBinding: string | undefined): Promise<CheckResult> {
  const module = createRequire(import.meta.url).resolve('better-sqlite3')
  const worker = new Worker(THREAD, { eval: true, workerData: { module, file, nativeBinding } })
  const [problems] = (await once(worker, 'message')) as [string[]]
  return { ok: problems.length === 0, problems }
}
