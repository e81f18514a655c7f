import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import { Events } from '../src/events.ts'
import { HostLog } from '../src/log.ts'
import { isLogger, jobLogger } from '../src/logger.ts'
import type { Logger } from '../src/run/handler.ts'

type Call = [level: string, ...given: unknown[]]
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** A logger with the methods of the console, which keeps its calls. */
function plainLogger(more: object = {}) {
  const calls: Call[] = []
  const methods = LEVELS.map((level) => [
    level,
    (...given: unknown[]) => calls.push([level, ...given]),
  ])
  return { calls, logger: Object.assign(Object.fromEntries(methods) as Logger, more) }
}

/** Logs a line of every level, and gives the levels of the lines that were printed. */
function printed({ calls, logger }: ReturnType<typeof plainLogger>): string[] {
  const own = jobLogger(logger, { job: 1 })
  for (const level of LEVELS) own[level]('hello')
  return calls.splice(0).map(([level]) => level)
}

const job = { id: 1, kind: 'push', dedupeKey: null, attempt: 1, payload: {} }

describe('a logger', () => {
  test('is an object with a method for each of the five levels', () => {
    for (const logger of [pino({ enabled: false }), console, plainLogger().logger]) {
      assert.equal(isLogger(logger), true)
    }
    const { error: _, ...four } = plainLogger().logger
    for (const other of [undefined, null, {}, 'console', () => 1, four]) {
      assert.equal(isLogger(other), false)
    }
  })

  const lowest: [name: string, more: object, level: number, prints: string[]][] = [
    ['without a level', {}, 30, ['info', 'warn', 'error']],
    ['with a level', { level: 'debug' }, 20, ['debug', 'info', 'warn', 'error']],
    ['with a level above those of helve', { level: 'fatal' }, 100, []],
    ['that is silent', { level: 'silent' }, 100, []],
    ['with a level that helve does not know', { level: 'verbose' }, 30, ['info', 'warn', 'error']],
    [
      'with isLevelEnabled',
      { isLevelEnabled: (level: string) => level === 'error' },
      50,
      ['error'],
    ],
  ]
  for (const [name, more, level, prints] of lowest) {
    test(`${name} prints ${prints.join(', ') || 'nothing'}`, () => {
      const plain = plainLogger(more)
      const events = new Events()
      assert.equal(new HostLog(events, plain.logger).level[0], level)
      assert.deepEqual(printed(plain), prints)
      assert.equal(events.heard('started'), prints.includes('debug'))
      assert.equal(events.heard('released'), prints.includes('info'))
      assert.equal(events.heard('stuck'), prints.includes('error'))
    })
  }
})

test('a line of a job has the fields of the job, whatever fields the handler gives', () => {
  const { calls, logger } = plainLogger()
  const error = new RangeError('no such ref')
  const { info } = jobLogger(logger, { job: 1, kind: 'push' })
  info({ repo: 7, job: 'mine' }, 'pushed')
  info('pushed')
  info(error)
  info(error, 'not pushed')
  const own = { job: 1, kind: 'push' }
  assert.deepEqual(calls, [
    ['info', { repo: 7, ...own }, 'pushed'],
    ['info', own, 'pushed'],
    ['info', { err: error, ...own }, 'no such ref'],
    ['info', { err: error, ...own }, 'not pushed'],
  ])
})

describe('the host’s log', () => {
  test('follows the level of pino from its opening to its closing', () => {
    const lines: string[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
    const events = new Events()
    const log = new HostLog(events, logger)
    log.start()
    const levels = (['debug', 'silent', 'trace', 'warn'] as const).map((level) => {
      logger.level = level
      return [log.level[0], events.heard('started'), events.heard('lost')]
    })
    assert.deepEqual(levels, [
      [20, true, true],
      [100, false, false],
      [10, true, true],
      [40, false, true],
    ])
    log.stop()
    logger.level = 'debug'
    assert.deepEqual([log.level[0], events.heard('started')], [40, false])
    events.emit('started', () => ({ job, queuedMs: 0 }))
    events.emit('lost', () => ({ job, reason: 'exit', crashes: 1 }))
    assert.equal(lines.length, 1)
  })

  test('does not follow the level of a child', () => {
    const logger = pino({ level: 'info' }, { write: () => undefined })
    const log = new HostLog(new Events(), logger)
    log.start()
    logger.child({}, { level: 'trace' }).level = 'debug'
    assert.equal(log.level[0], 30)
    log.stop()
  })
})
