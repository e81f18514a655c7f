import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { HelveError } from '../src/index.ts'
import { jobLogger, prints } from '../src/logger.ts'
import { stderrLogger } from '../src/stderr-logger.ts'

/** What is written to stderr, without its times. */
function capture(t: TestContext): () => string {
  const { mock } = t.mock.method(process.stderr, 'write', () => true)
  return () =>
    mock.calls.map(({ arguments: [text] }) => String(text).replace(/^\S+Z /, '')).join('')
}

test('warnings and errors are lines for people, and nothing else is printed', (t) => {
  const written = capture(t)
  const logger = stderrLogger()
  logger.trace('a')
  logger.debug({ b: 1 }, 'b')
  logger.info('c')
  logger.warn({ job: 7, kind: 'reindex', reason: 'two words', none: undefined }, 'told')
  jobLogger(logger, { job: 8 }).error('alone')
  assert.equal(
    written(),
    'helve WARN: told job=7 kind=reindex reason="two words"\nhelve ERROR: alone job=8\n',
  )
  assert.deepEqual(
    (['trace', 'info', 'warn', 'error'] as const).map((level) => prints(logger, level)),
    [false, false, true, true],
  )
})

test('an error has its stack and its causes below the line', (t) => {
  const written = capture(t)
  const cause = new RangeError('deep')
  stderrLogger().error({ err: new Error('outer', { cause }) }, 'failed')
  assert.match(
    written(),
    /^helve ERROR: failed\n {2}Error: outer\n {6}at .*\n {2}caused by RangeError: deep\n/s,
  )
})

test('an error of helve, or one that is plain data, has only its message below the line', (t) => {
  const written = capture(t)
  const err = new HelveError('HELVE_ERR_OPTION', 'field: expected this')
  stderrLogger().warn({ err, error: { name: 'TypeError', message: 'as data' } }, 'failed')
  assert.equal(
    written(),
    'helve WARN: failed\n  HelveError: field: expected this\n  TypeError: as data\n',
  )
})

test('a field that cannot be printed does not throw', (t) => {
  const written = capture(t)
  const cycle: { self?: object } = {}
  cycle.self = cycle
  stderrLogger().warn({ cycle, big: 5n }, 'told')
  assert.equal(written(), 'helve WARN: told cycle=[unloggable] big=[unloggable]\n')
})
