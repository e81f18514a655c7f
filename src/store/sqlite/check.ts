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
        SELECT 'queued' AS state, kind, priority, queued AS jobs FROM helve_queues
        UNION ALL SELECT 'running', kind, priority, running FROM helve_queues
        UNION ALL SELECT 'dead', kind, priority, dead FROM helve_queues
        UNION ALL
        SELECT state, kind, priority, -count(*) FROM helve_jobs GROUP BY state, kind, priority)
      GROUP BY state, kind, priority HAVING sum(jobs) <> 0\`).pluck().all())
    look(() => db.prepare(\`
      SELECT 'job ' || id || ': its ' || name || ' cannot be read'
      FROM (
        SELECT id, 'payload' AS name, payload AS text FROM helve_jobs
        UNION ALL SELECT id, 'errors', errors FROM helve_jobs
        UNION ALL SELECT id, 'overrides', overrides FROM helve_jobs WHERE overrides IS NOT NULL)
      WHERE NOT json_valid(text) LIMIT 100\`).pluck().all())
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
