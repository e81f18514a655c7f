import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const PATH = /`((?:src|workers|test|bench|examples|docs)\/[\w./-]*)`/g

test('every path that the architecture names is there', () => {
  const text = readFileSync('docs/architecture.md', 'utf8')
  const paths = [...text.matchAll(PATH)].map(([, path]) => path!)
  assert.ok(paths.length > 50)
  assert.deepEqual(
    paths.filter((path) => !existsSync(path)),
    [],
  )
})
