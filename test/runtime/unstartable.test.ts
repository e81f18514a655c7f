import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pool } from '../../src/pool/pool.ts'
import { unstartable } from '../../src/runtime/unstartable.ts'

/** The message for a lane whose threads failed with a stack of these lines. */
function told(...lines: string[]): string {
  const stack = ['Error: no index', ...lines.map((line) => `    at ${line}`)].join('\n')
  const pool = { problem: 'no index', cause: { stack } } as unknown as Pool
  return unstartable('default', pool, 'file:///srv/handlers.js').message
}

const INSTALLED = 'open (file:///srv/node_modules/piscina/dist/worker.js:10:5)'

test('a lane that cannot be started names the place in the code of the host', () => {
  assert.match(
    told(INSTALLED, 'setup (file:///srv/handlers.js:3:7)'),
    /\(file:.*handlers.js:3:7\)$/,
  )
  assert.match(
    told('node:internal/fs:1:2', '/srv/handlers.ts:3'),
    /: no index \(.*handlers.ts:3\)$/,
  )
})

test('a lane that cannot be started names no place inside node_modules', () => {
  assert.match(told(INSTALLED), /: no index$/)
})
