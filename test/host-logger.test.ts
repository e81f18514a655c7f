import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pino, type Logger, type LoggerOptions } from 'pino'
import { guardedLogger } from '../src/host-logger.ts'
import { jobLogger } from '../src/logger.ts'
import { loopTurn } from './support/signal.ts'

type Line = Record<string, unknown>

const mistake = new RangeError('a mistake of the host')
const throws = (): never => {
  throw mistake
}
const rejects = (): never => Promise.reject(mistake) as never

/** A guarded pino, its lines, and what it tells of the host's mistakes. */
function setUp(options: LoggerOptions) {
  const lines: Line[] = []
  const told: string[] = []
  const write = (line: string): unknown => lines.push(JSON.parse(line) as Line)
  const host = pino({ level: 'info', ...options }, { write })
  const logger = guardedLogger(host, (error, during) => {
    assert.equal(error, mistake)
    told.push(during)
  })
  return { host, logger, lines, told }
}

describe("I12: the host's code in its logger neither throws nor rejects", () => {
  const parts: [name: string, options: (part: () => never) => LoggerOptions, told: RegExp][] = [
    ['a serializer', (part) => ({ serializers: { job: part } }), /serializers job/],
    ['a mixin', (part) => ({ mixin: part }), /mixin/],
    ['a formatter of lines', (part) => ({ formatters: { log: part } }), /formatters log/],
    [
      'a strategy for mixins',
      (part) => ({ mixin: () => ({}), mixinMergeStrategy: part }),
      /mixinMergeStrategy/,
    ],
  ]
  for (const [name, options, during] of parts) {
    for (const [does, part] of Object.entries({ throws, rejects })) {
      test(`${name} that ${does}`, async () => {
        const { logger, lines, told } = setUp(options(part))
        for (const one of [logger, jobLogger(logger, { kind: 'a' })]) {
          one.warn({ job: 5 }, 'told')
          one.info('alone')
        }
        await loopTurn()
        assert.deepEqual(
          lines.map(({ msg }) => msg),
          ['told', 'alone', 'told', 'alone'],
        )
        assert.equal(told.length, 1)
        assert.match(told[0]!, during)
      })
    }
  }

  test('a stream that throws: the line goes to stderr', (t) => {
    const stderr = t.mock.method(process.stderr, 'write', () => true)
    const told: unknown[] = []
    const logger = guardedLogger(pino({}, { write: throws }), (error) => told.push(error))
    logger.error({ job: 5 }, 'from helve')
    logger.error({ job: 6 }, 'from helve')
    const text = stderr.mock.calls.map(({ arguments: [line] }) => String(line)).join('')
    assert.match(text, /helve ERROR: from helve job=5\n.* helve ERROR: from helve job=6\n$/s)
    assert.deepEqual(told, [mistake])
  })
})

describe('the guarded logger', () => {
  test("writes what the host's logger would: fields, bindings, errors, serialized", () => {
    const { logger, lines } = setUp({ serializers: { job: (id: number) => `#${id}` } })
    jobLogger(logger, { kind: 'a', job: 7 }).warn({ err: new Error('x') }, 'told')
    const { kind, job, err } = lines[0] as { kind: string; job: string; err: Error }
    assert.deepEqual([kind, job, err.message], ['a', '#7', 'x'])
  })

  test("follows the host's level", () => {
    const { host, logger, lines } = setUp({})
    logger.debug('too low')
    host.level = 'debug'
    logger.debug('low enough')
    assert.deepEqual([lines.length, logger.isLevelEnabled('debug')], [1, true])
    assert.equal(logger.isLevelEnabled('trace'), false)
  })

  test('leaves the logger of the host as it is', () => {
    const { host, lines, logger } = setUp({ serializers: { job: throws } })
    logger.info({ job: 5 }, 'through helve')
    assert.throws(() => (host as Logger).info({ job: 5 }, "the host's own"), mistake)
    assert.equal(lines.length, 1)
  })
})

test('I12: a logger whose level cannot be followed is told of once, and still used', () => {
  const told: string[] = []
  const host = { ...pino({ enabled: false }), on: throws, off: throws }
  const logger = guardedLogger(host, (error, during) => {
    assert.equal(error, mistake)
    told.push(during)
  })
  logger.on('level-change', () => undefined)
  logger.off('level-change', () => undefined)
  assert.deepEqual(told, ["following the logger's level"])
})
