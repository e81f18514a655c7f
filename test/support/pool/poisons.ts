import assert from 'node:assert/strict'
import type { Outcome } from '../../../src/job/outcome.ts'

/** The outcome that a poisonous run has to have. */
export type End =
  | { type: 'completed'; result?: unknown }
  /** By its own error. */
  | { type: 'failed'; name: string; message: RegExp }
  /** Its thread died under it. */
  | { type: 'lost'; reason: RegExp }
  /** Its thread had to be killed. */
  | { type: 'timedOut' }

/** A line of the list: a handler that does what no handler should, and the right outcome. */
export interface Poison {
  line: string
  /** A kind of the handlers beside this file. */
  kind: string
  payload?: unknown
  end: End
}

/** Milliseconds, for handlers that are to time out. */
export const TIMEOUT = 60
export const GRACE = 20

const failed = (name: string, message: RegExp): End => ({ type: 'failed', name, message })
const lost = (reason: RegExp): End => ({ type: 'lost', reason })
const timedOut: End = { type: 'timedOut' }
const completed: End = { type: 'completed' }
/** The run has done its work, though its result cannot be kept. */
const without: End = { type: 'completed', result: null }

/** The list, in its order. A timer that a job leaves behind is not in it: that needs two jobs. */
export const POISONS: readonly Poison[] = [
  { line: 'throws an error', kind: 'throwError', end: failed('TypeError', /^no such repository$/) },
  { line: 'throws null', kind: 'throwNull', end: failed('Error', /^thrown: null$/) },
  { line: 'throws undefined', kind: 'throwUndefined', end: failed('Error', /^thrown: undefined$/) },
  { line: 'throws a string', kind: 'throwString', end: failed('Error', /^thrown: a string$/) },
  {
    line: 'throws a function',
    kind: 'throwFunction',
    end: failed('Error', /^thrown: a function$/),
  },
  {
    line: 'throws a proxy',
    kind: 'throwProxy',
    end: failed('Error', /^thrown: a value of type object$/),
  },
  { line: 'throws an evasive proxy', kind: 'throwEvasiveProxy', end: failed('Error', /^thrown: /) },
  { line: 'throws a throwing getter', kind: 'throwGetter', end: failed('Error', /^thrown: /) },
  { line: 'throws 50 MB', kind: 'throwHuge', end: failed('Error', /^x{8192}$/) },
  { line: 'rejects', kind: 'reject', end: failed('RangeError', /^later$/) },

  { line: 'returns a function', kind: 'returnFunction', end: without },
  { line: 'returns a symbol', kind: 'returnSymbol', end: without },
  { line: 'returns a BigInt', kind: 'returnBigInt', end: without },
  { line: 'returns a cycle', kind: 'returnCycle', end: without },
  { line: 'returns 2 MiB', kind: 'returnHuge', end: without },
  { line: 'returns a toJSON that throws', kind: 'returnThrowingJson', end: without },
  {
    line: 'returns a then that throws',
    kind: 'returnThrowingThen',
    end: failed('Error', /^sprung$/),
  },
  {
    line: 'records what cannot be cloned',
    kind: 'uncloneableDelivery',
    end: failed('DataCloneError', /clone/),
  },

  { line: 'exits with 0', kind: 'exit', payload: { code: 0 }, end: lost(/code 0\b/) },
  { line: 'exits with 7', kind: 'exit', payload: { code: 7 }, end: lost(/code 7\b/) },
  { line: 'throws in a callback', kind: 'uncaught', end: lost(/in a callback/) },
  { line: 'leaves a rejection unhandled', kind: 'unhandled', end: lost(/without a handler/) },
  { line: 'loops for ever', kind: 'loop', end: timedOut },
  { line: 'never settles', kind: 'never', end: timedOut },
  { line: 'has a catastrophic regular expression', kind: 'regex', end: timedOut },
  { line: 'overflows its stack', kind: 'overflow', end: failed('RangeError', /call stack/) },
  {
    line: 'waits for a command past its timeout',
    kind: 'command',
    payload: { file: '/dev/null' },
    end: timedOut,
  },
  {
    line: 'exits, and orphans a child',
    kind: 'spawn',
    payload: { then: 'exit' },
    end: lost(/code 7\b/),
  },
  { line: 'loops, and orphans a child', kind: 'spawn', payload: { then: 'loop' }, end: timedOut },

  { line: 'forges messages', kind: 'post', payload: { id: 1, token: 1 }, end: completed },
  { line: 'forges answers of Piscina', kind: 'answer', end: completed },

  { line: 'logs without end', kind: 'floodLines', end: completed },
  { line: 'tells of its progress without end', kind: 'floodProgress', end: completed },
  { line: 'posts without end', kind: 'floodPosts', end: completed },
  { line: 'asks without end', kind: 'floodQuestions', end: completed },
  { line: 'enqueues as much as it may', kind: 'floodFollowUps', end: completed },
]

/**
 * Handlers that change the objects of their thread. The thread lives on with the changes, so later
 * jobs see them. Only what helve itself does in the thread, and everything outside of the thread,
 * is out of their reach.
 */
export const POLLUTIONS: readonly Poison[] = [
  {
    line: 'pollutes Object.prototype',
    kind: 'pollute',
    end: { type: 'completed', result: { own: 1 } },
  },
  {
    line: 'pollutes Object.prototype with a toJSON',
    kind: 'polluteJson',
    end: failed('Error', /^kept as it is$/),
  },
  { line: 'pollutes Object.prototype with a then', kind: 'polluteThen', end: timedOut },
]

/** MiB of heap that each thread of a lane may have. */
export const MEMORY = 40
/** The major version of this Node. */
const NODE = Number(process.versions.node.split('.')[0])

/**
 * Handlers for a lane with a limit of memory. A Map that grows cannot be tried on each Node: under
 * a limit V8 aborts the whole process when it cannot double the Map's table, and nothing in the
 * process can help that. Buffers do not count. A run's Buffers are given back with the run, and a
 * handler that allocates Buffers without end takes what the machine has.
 */
export const HUNGRY: readonly Poison[] = [
  // Nothing can save these: on Node 24 and newer nobody can end a thread in a loop of the array
  // calls, and on Node 20 a growing Map ends the process.
  NODE < 24
    ? { line: 'eats memory with arrays', kind: 'eatMemory', end: lost(/memory/) }
    : { line: 'eats memory with a map', kind: 'eatMap', end: lost(/memory/) },
  { line: 'eats memory with strings', kind: 'eatStrings', end: lost(/memory/) },
  { line: 'eats memory with rows', kind: 'eatRows', end: lost(/memory/) },
  { line: 'eats memory with JSON', kind: 'eatJson', end: lost(/memory/) },
  { line: 'eats 200 MB of memory with Buffers', kind: 'eatBuffers', end: completed },
]

/** Whether the poison ends its thread. */
export function isFatal({ end }: Poison): boolean {
  return end.type === 'lost' || end.type === 'timedOut'
}

/** Asserts that a run has the right outcome. */
export function assertEnd(outcome: Outcome, end: End): void {
  assert.equal(outcome.type, end.type, JSON.stringify(outcome))
  if (outcome.type === 'failed' && end.type === 'failed') {
    assert.equal(outcome.error.name, end.name)
    assert.match(outcome.error.message, end.message)
    assert.ok(!outcome.permanent && outcome.retryAt === undefined)
  }
  if (outcome.type === 'lost' && end.type === 'lost') assert.match(outcome.reason, end.reason)
  if (outcome.type === 'timedOut') assert.equal(outcome.timeout, TIMEOUT)
  if (outcome.type === 'completed' && end.type === 'completed' && end.result !== undefined) {
    assert.deepEqual(JSON.parse(outcome.result ?? 'null'), end.result)
  }
}
