import type { TestContext } from 'node:test'
import Database, { type Statement } from 'better-sqlite3'

/** Counts statements that run, and rows that they give, until the returned function is called. */
export function watchStatements(t: TestContext): () => [statements: number, rows: number] {
  const memory = new Database(':memory:')
  const prototype = Object.getPrototypeOf(memory.prepare('SELECT 1')) as Statement
  memory.close()
  const methods = (['run', 'get', 'all'] as const).map((name) => t.mock.method(prototype, name))
  return () => {
    const calls = methods.flatMap(({ mock }) => mock.calls)
    for (const { mock } of methods) mock.restore()
    const rows = calls.map(({ result }) => (Array.isArray(result) ? result.length : 1))
    return [calls.length, rows.reduce((sum, each) => sum + each, 0)]
  }
}
