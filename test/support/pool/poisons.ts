import assert from 'node:assert/strict'
import type { Outcome } from '../../../src/job/outcome.ts'

/** What a poisonous run has to come to. */
export type End =
  | { type: 'completed'; result?: unknown }
  /** By its own error. */
  | { type: 'failed'; name: string; message: RegExp }
  /** Its thread died under it. */
  | { type: 'lost'; reason: RegExp }
  /** Its thread had to be killed. */
  | { type: 'timedOut' }

/** A handler that does what no handler should: a line of the list, and what is right. */
export interface Poison {
  line: string
  /** Of the handlers beside this file. */
  kind: string
  payload?: unknown
  end: End
}

/** Milliseconds, of those that time out. */
export const TIMEOUT = 60
export const GRACE = 20

const failed = (name: string, message: RegExp): End => ({ type: 'failed', name, message })
const lost = (reason: RegExp): End => ({ type: 'lost', reason })
const timedOut: End = { type: 'timedOut' }
const completed: End = { type: 'completed' }
/** Its work is done, though its result cannot be told. */
const without: End = { type: 'completed', result: null }

/** The list, in its order. Not in it, since that needs two jobs: a timer that a job leaves behind. */
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
 * Its thread lives on with what was changed, and so it stays changed for the jobs after it: only
 * what helve does there itself, and everything outside of the thread, is out of reach.
 */
export const POLLUTIONS: readonly Poison[] = [
  {
    line: 'pollutes Object.prototype',
    kind: 'pollute',
    end: { type: 'completed', result: { own: 1 } },
  },
  {
    line: 'pollutes it with a toJSON',
    kind: 'polluteJson',
    end: failed('Error', /^kept as it is$/),
  },
  { line: 'pollutes it with a then', kind: 'polluteThen', end: timedOut },
]

/** MiB of heap that each thread of a lane may have. */
export const MEMORY = 40
/** The major version of this Node. */
const NODE = Number(process.versions.node.split('.')[0])

/**
 * In a lane with a limit of memory. A Map that grows cannot be tried: under a limit V8 aborts the
 * whole process when it cannot double the Map's table, and nothing in the process can help that.
 * Buffers do not count: what is allocated is given back with the run, and a handler that allocates
 * without end takes what the machine has.
 */
export const HUNGRY: readonly Poison[] = [
  // What nothing can save: on Node 24 and newer a loop of such calls lets nobody end its thread, and
  // on Node 20 a growing map ends the process.
  NODE < 24
    ? { line: 'eats memory with arrays', kind: 'eatMemory', end: lost(/memory/) }
    : { line: 'eats memory with a map', kind: 'eatMap', end: lost(/memory/) },
  { line: 'eats memory with strings', kind: 'eatStrings', end: lost(/memory/) },
  { line: 'eats memory with rows', kind: 'eatRows', end: lost(/memory/) },
  { line: 'eats memory with JSON', kind: 'eatJson', end: lost(/memory/) },
  { line: 'eats 200 MB of memory with Buffers', kind: 'eatBuffers', end: completed },
]

/** Whether a thread ends by it. */
export function isFatal({ end }: Poison): boolean {
  return end.type === 'lost' || end.type === 'timedOut'
}

/** That a run came to what is right. */
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
