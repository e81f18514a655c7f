import type { HelveErrorCode, Schema } from '../../../src/index.ts'

/** The code, the arguments of `enqueue`, and what the message names: the field, and the limit. */
export type BadSubmission = [code: HelveErrorCode, given: unknown[], ...named: (string | RegExp)[]]

const MIB = 1_048_576
const YEAR = 366 * 24 * 60 * 60 * 1_000

function cycle(): unknown {
  const payload: Record<string, unknown> = {}
  return Object.assign(payload, { payload })
}

const springing = {
  toJSON(): never {
    throw new Error('sprung')
  },
}

/** Submissions that every door refuses. The tests of submissions have further bad submissions. */
export const BAD_SUBMISSIONS: readonly BadSubmission[] = [
  ['HELVE_ERR_KIND', [''], /^kind: /, 'a letter', '""'],
  ['HELVE_ERR_KIND', ['k'.repeat(65)], /^kind: /, '64', '65'],
  ['HELVE_ERR_KIND', ['__proto__'], /^kind: /, '__proto__'],
  ['HELVE_ERR_KIND', ['constructor'], /^kind: /, '"constructor"'],
  ['HELVE_ERR_KIND', ['../x'], /^kind: /, '"../x"'],
  ['HELVE_ERR_KIND', [5], /^kind: /, 'a string', '5'],
  ['HELVE_ERR_KIND', [undefined], /^kind: /, 'a string', 'undefined'],

  ['HELVE_ERR_PAYLOAD', ['a', () => undefined], /^payload: /, 'a function'],
  ['HELVE_ERR_PAYLOAD', ['a', { id: 5n }], /^payload\.id: /, 'a bigint'],
  ['HELVE_ERR_PAYLOAD', ['a', cycle()], /^payload: /, '1000 levels', 'cycle'],
  ['HELVE_ERR_PAYLOAD', ['a', { sizes: [1, NaN] }], /^payload\.sizes\[1\]: /, 'finite', 'NaN'],
  ['HELVE_ERR_PAYLOAD', ['a', springing], /^payload: /, 'JSON', 'sprung'],
  ['HELVE_ERR_PAYLOAD_TOO_LARGE', ['a', 'x'.repeat(MIB - 1)], /^payload: /, `${MIB}`, `${MIB + 1}`],
  ['HELVE_ERR_PAYLOAD', ['a', JSON.parse('{"a":{"__proto__":1}}')], /^payload\.a: /, '__proto__'],

  ['HELVE_ERR_DEDUPE_KEY', ['a', {}, { dedupeKey: '' }], /^dedupeKey: /, 'not empty', '""'],
  ['HELVE_ERR_DEDUPE_KEY', ['a', {}, { dedupeKey: 'a\0b' }], /^dedupeKey: /, 'NUL'],
  ['HELVE_ERR_DEDUPE_KEY', ['a', {}, { dedupeKey: 'a\ud800' }], /^dedupeKey: /, 'lone surrogate'],
  ['HELVE_ERR_DEDUPE_KEY', ['a', {}, { dedupeKey: 'ß'.repeat(257) }], /^dedupeKey: /, '512', '514'],

  ['HELVE_ERR_OPTION', ['a', {}, { delay: NaN }], /^delay: /, '0', `${YEAR}`, 'NaN'],
  ['HELVE_ERR_OPTION', ['a', {}, { delay: -1 }], /^delay: /, 'from 0', '-1'],
  ['HELVE_ERR_OPTION', ['a', {}, { delay: Infinity }], /^delay: /, `${YEAR}`, 'Infinity'],
  ['HELVE_ERR_OPTION', ['a', {}, { delay: YEAR + 1 }], /^delay: /, `${YEAR}`, `${YEAR + 1}`],
  ['HELVE_ERR_OPTION', ['a', {}, { runAt: 'tomorrow' }], /^runAt: /, 'a Date', '"tomorrow"'],
  ['HELVE_ERR_OPTION', ['a', {}, { runAt: 5, delay: 5 }], /^delay: /, 'runAt', 'both'],
  ['HELVE_ERR_OPTION', ['a', {}, { maxAttempts: 0 }], /^maxAttempts: /, '1 to 1000', 'got 0'],
  ['HELVE_ERR_OPTION', ['a', {}, { maxAttempts: 1.5 }], /^maxAttempts: /, 'an integer', '1.5'],
  ['HELVE_ERR_OPTION', ['a', {}, { priority: 0.5 }], /^priority: /, 'an integer', '0.5'],
  ['HELVE_ERR_OPTION', ['a', {}, { timeout: '5' }], /^timeout: /, 'a number', '"5"'],
  ['HELVE_ERR_OPTION', ['a', {}, { group: '' }], /^group: /, 'not empty', '""'],
  ['HELVE_ERR_OPTION', ['a', {}, { dedupKey: 'k' }], /^options: /, 'dedupeKey', '"dedupKey"'],
  ['HELVE_ERR_OPTION', ['a', {}, 'k'], /^options: /, 'an object', '"k"'],
  ['HELVE_ERR_OPTION', ['a', {}, 5], /^options: /, 'an object', '5'],
  ['HELVE_ERR_OPTION', ['a', {}, []], /^options: /, 'an object', 'an array'],
]

/** Submissions that are refused where the kind `strict` has its schema. */
export const BAD_PAYLOADS_OF_A_SCHEMA: readonly BadSubmission[] = [
  ['HELVE_ERR_PAYLOAD', ['strict', { pk: 'x' }], 'payload.pk: expected a number', 'payload: bad'],
]

export function schema(validate: (value: unknown) => unknown): Schema {
  return { '~standard': { version: 1, vendor: 'test', validate } } as Schema
}

export const strict = schema((value) => {
  if (typeof (value as { pk?: unknown })?.pk === 'number') return { value }
  return { issues: [{ message: 'expected a number', path: ['pk'] }, { message: 'bad' }] }
})
