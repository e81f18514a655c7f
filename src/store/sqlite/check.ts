import { once } from 'node:events'
import { startThread } from './store-thread.ts'

/** What {@link check} found. */
export interface CheckResult {
  ok: boolean
  /** At most 100 problems, in the words of SQLite or of helve. */
  problems: string[]
}

// The check runs in a thread of its own, since it reads the whole file.
const THREAD = `
  const problems = []
  const look = (body) => {
    try {
      problems.push(...body())
    } catch (error) {
      problems.push(String(error.message))
    }
  }
  look(() => {
    const db = open({ readonly: true })
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

/** Reads the whole file as of the beginning of the check: SQLite's structures, helve's counters. */
export async function check(file: string, nativeBinding: string | undefined): Promise<CheckResult> {
  const thread = startThread(THREAD, file, nativeBinding)
  const [problems] = (await once(thread, 'message')) as [string[]]
  return { ok: problems.length === 0, problems }
}
