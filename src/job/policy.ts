import { DEFAULT_BACKOFF, type BackoffFunction, type BackoffOptions } from './backoff.ts'
import { checkBackoff } from './backoff-check.ts'
import { checkBreaker, type BreakerOptions } from './breaker.ts'
import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from './check.ts'
import { checkGroupOf, type GroupOf } from './group.ts'
import { MAX_DELAY, MAX_PRIORITY } from './limits.ts'
import { checkRate, type Rate } from './rate.ts'
import { checkSchema, type Schema } from './schema.ts'
import { checkSynchronous } from './synchronous.ts'

/** The lanes of a runtime by name. */
type KnownLanes = ReadonlyMap<string, unknown>

/** One option of a kind. */
interface Option<T> {
  /** The value for a kind that does not set the option. */
  readonly usual: T
  /** @throws HelveError `HELVE_ERR_OPTION` */
  check: (given: unknown, key: string, lanes: KnownLanes) => T
}

/**
 * The options of a kind, in the order in which an error message names them. A new option is one
 * entry here: its key, its doc comment, its default and its check.
 */
const KIND_OPTIONS = {
  /** Attempts in all, the first included. @default 5 */
  maxAttempts: option(5, checkMaxAttempts),
  /** @default exponential from 2 s, doubling, capped at 300 s, ±10 % */
  backoff: option<BackoffOptions | BackoffFunction>(DEFAULT_BACKOFF, checkBackoffOf),
  /**
   * Milliseconds that a run may take. After that the signal of the run aborts, and after
   * {@link grace} its thread is killed. Once the run has stopped, the run counts as failed.
   * @default 600000
   */
  timeout: option(600_000, checkTimeout),
  /** Milliseconds between a run's abort and the killing of its thread. @default 1000 */
  grace: option(1_000, numberFrom(0, MAX_DELAY)),
  /**
   * Hands each job to a thread by itself. Otherwise jobs of kinds whose runs have been short share
   * hand-offs, and run one after the other. @default false
   */
  alone: option<boolean>(false, (given, key) => checkOneOf(given, key, [true, false])),
  /** The lane that runs the kind. @default 'default' */
  lane: option('default', checkLane),
  /**
   * Milliseconds after its submission beyond which a job cannot snooze: the job is dead instead.
   * @default 7 days
   */
  maxAge: option(7 * 24 * 60 * 60 * 1_000, numberFrom(0, MAX_DELAY)),
  /**
   * Slots of the lane that the kind may hold at a time. A slot is a thread, or a run in a lane with
   * `concurrency`. @default no limit
   */
  concurrency: option(Infinity, integerFrom(1, 1_000_000)),
  /**
   * How many runs may start in which time. Jobs that have to wait stay in the queue. @default none
   */
  rate: option<Rate | undefined>(undefined, checkRate),
  /**
   * Jobs of the same group share {@link groupConcurrency} and {@link groupRate}. Groups take turns:
   * a group with many due jobs delays another group by one run. @default none
   */
  group: option<GroupOf | undefined>(undefined, checkGroupOf),
  /** Jobs of a group that may run at a time. @default 1 */
  groupConcurrency: option(1, integerFrom(1, 1_000_000)),
  /** As {@link rate}, for each group by itself. @default none */
  groupRate: option<Rate | undefined>(undefined, checkRate),
  /** Runs that may be in one endpoint at a time (`ctx.enterEndpoint`), over all groups. @default 8 */
  endpointConcurrency: option(8, integerFrom(1, 1_000_000)),
  /**
   * Holds a group back while its runs fail, and then tries it with one job: for kinds that talk to
   * somebody else's service. An endpoint (`ctx.enterEndpoint`) is held back like a group. Jobs that
   * wait for that spend no attempt. `{}` takes the defaults.
   * @default none: `ctx.tripBreaker` alone holds groups back
   */
  breaker: option<Required<BreakerOptions> | undefined>(undefined, checkBreaker),
  /** **Lower runs first.** For submissions through this runtime. @default 0 */
  priority: option(0, integerFrom(-MAX_PRIORITY, MAX_PRIORITY)),
  /** Milliseconds that a job waits at least. For submissions through this runtime. @default 0 */
  delay: option(0, numberFrom(0, MAX_DELAY)),
  /**
   * Checks the payloads of submissions through this runtime; any Standard Schema (zod, valibot,
   * arktype). @default none
   */
  schema: option<Schema | undefined>(undefined, checkSchema),
}

type Table = typeof KIND_OPTIONS
type Key = keyof Table

/** How the jobs of a kind are run: the checked options of the kind, over the defaults. */
export type Policy = { [K in Key]: Table[K]['usual'] }

/**
 * How the jobs of a kind are run. Options of a single job override the kind's options.
 *
 * @typeParam P the kind's payload
 */
// oxlint-disable-next-line typescript/no-explicit-any -- the payload of an unknown kind
export type KindOptions<P = any> = {
  [K in Key]?: K extends 'group'
    ? GroupOf<P>
    : K extends 'breaker'
      ? BreakerOptions
      : Exclude<Policy[K], undefined>
}

const KEYS = Object.keys(KIND_OPTIONS) as Key[]

/**
 * The policy of a kind with the given options.
 *
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function policyOf(options: KindOptions, lanes: KnownLanes): Policy {
  checkKeys(options, 'options', KEYS)
  const value = (key: Key): Policy[Key] => {
    const { usual, check } = KIND_OPTIONS[key]
    const given: unknown = options[key]
    return given === undefined ? usual : check(given, key, lanes)
  }
  return Object.fromEntries(KEYS.map((key) => [key, value(key)])) as Policy
}

/** The policy of a kind without options. */
export const DEFAULT_POLICY = policyOf({}, new Map())

export function checkMaxAttempts(value: unknown): number {
  return checkInteger(value, 'maxAttempts', 1, 1_000)
}

export function checkTimeout(value: unknown): number {
  return checkNumber(value, 'timeout', 1, MAX_DELAY)
}

function option<T>(usual: T, check: Option<T>['check']): Option<T> {
  return { usual, check }
}

function numberFrom(min: number, max: number): Option<number>['check'] {
  return (given, key) => checkNumber(given, key, min, max)
}

function integerFrom(min: number, max: number): Option<number>['check'] {
  return (given, key) => checkInteger(given, key, min, max)
}

function checkBackoffOf(given: unknown): BackoffOptions | BackoffFunction {
  if (typeof given !== 'function') return checkBackoff(given)
  checkSynchronous(given, 'backoff')
  return given as BackoffFunction
}

function checkLane(given: unknown, _: string, lanes: KnownLanes): string {
  if (typeof given === 'string' && lanes.has(given)) return given
  throw badOption('lane', `one of ${[...lanes.keys()].join(', ')}`, given)
}
