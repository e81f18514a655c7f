import { existsSync, readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import type { BackoffFunction, BackoffOptions } from '../job/backoff.ts'
import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from '../job/check.ts'
import { HelveError } from '../job/errors.ts'
import { MAX_DELAY, MAX_PRIORITY } from '../job/limits.ts'
import { nearest } from '../job/nearest.ts'
import {
  checkBackoff,
  checkGroupOf,
  checkMaxAttempts,
  checkRate,
  checkTimeout,
  type GroupOf,
  type Policy,
  type Rate,
} from '../job/policy.ts'
import { isLogger, silentLogger } from '../logger.ts'
import type { Logger } from '../run/handler.ts'
import { stderrLogger } from '../stderr-logger.ts'
import { checkSchema, type Schema } from './schema.ts'

/**
 * How a runtime is made.
 *
 * @typeParam C what the setup of the handlers module takes
 */
export interface RuntimeOptions<C = unknown> {
  /**
   * The module whose default export is `defineHandlers(…)`; every worker thread loads it. Where
   * the named file is missing, its twin with `.js` for `.ts` (or the reverse) is taken.
   * @default none: only functions registered on the main thread run
   */
  handlers?: URL | string
  /**
   * Handed to every thread's setup; structured-cloneable. The constructor clones it: what is changed
   * later reaches no thread. @default undefined
   */
  config?: C
  /**
   * A pino logger, Fastify's, or one like the console; `false` for silence. From one that does not say
   * its level, lines of `info` and above come. What the host's code in it (serializers, mixins) does
   * wrong is told by an `error` event. @default warnings and errors, as lines on stderr
   */
  logger?: Logger | false
  /**
   * Milliseconds before polling again when the queue is empty; 0 and less mean 1000, and more than
   * a minute a minute. @default 1000
   */
  idle?: number
  /**
   * Named pools of threads. `default` is always there; kinds choose another with their policy's
   * `lane`. `main` is the main thread's, and cannot be configured.
   * @default { default: { threads: the number of cores, and at least 2 } }
   */
  lanes?: Record<string, LaneOptions>
  /** Environment variables of the threads, beside the harmless ones that they get anyway. @default {} */
  env?: Record<string, string>
  /**
   * What becomes of jobs of a kind that nobody handles: neither the handlers module nor a registered
   * function. `dead` makes them dead as soon as they are due; `wait` leaves them queued until
   * somebody handles their kind, as in a deploy in which producers come first. @default 'dead'
   */
  unknownKinds?: 'dead' | 'wait'
  /**
   * Node's own options for the threads, such as `--require`, `--conditions`, `--enable-source-maps`.
   * Threads inherit none of the process's: neither its flags nor `NODE_OPTIONS`.
   * @default []
   */
  execArgv?: string[]
  /** Path of the thread entry, for programs that are bundled into one file. @default helve's own */
  threadEntry?: string
}

/** One lane of worker threads. */
export interface LaneOptions {
  /** Below one means one. @default the number of cores, and at least 2 */
  threads?: number
  /**
   * Jobs that each thread runs at once. More than one is for handlers that wait (for the network,
   * say): whatever holds such a thread up holds up all of them. @default 1
   */
  concurrency?: number
  /** Heap limit of each thread in MiB. @default Node's own */
  memory?: number
  /**
   * Keeps one thread more, which is up: for a kind that finds all others taken, and to stand in for
   * one that has ended. In a lane with `concurrency`, one slot more of each thread instead.
   * @default true
   */
  spare?: boolean
}

/** Where handlers are set up with a config, there has to be one. */
export type NeededConfig<C> = undefined extends C
  ? unknown
  : { handlers?: undefined } | { config: C }

/**
 * How the jobs of a kind are run; what a job says itself goes before it.
 *
 * @typeParam P the kind's payload
 */
// oxlint-disable-next-line typescript/no-explicit-any -- of a kind that is not known
export interface KindOptions<P = any> {
  /** Runs in all, the first included. @default 5 */
  maxAttempts?: number
  /** @default exponential from 2 s, doubling, capped at 300 s, ±10 % */
  backoff?: BackoffOptions | BackoffFunction
  /** Milliseconds that a run may take. @default 600000 */
  timeout?: number
  /** Milliseconds between a run's abort and the killing of its thread. @default 1000 */
  grace?: number
  /**
   * Hands each job to a thread by itself. Otherwise jobs of kinds that have shown to be short
   * share hand-offs, and run one after the other. @default false
   */
  alone?: boolean
  /** The lane that runs the kind. @default 'default' */
  lane?: string
  /**
   * Slots of the lane that the kind may hold at a time: threads, or in a lane with `concurrency`
   * runs. @default no limit
   */
  concurrency?: number
  /** How many runs may start in which time; those that have to wait do so in the queue. @default none */
  rate?: Rate
  /**
   * Jobs of the same group share {@link groupConcurrency} and {@link groupRate}, and groups take
   * turns: one with many due jobs delays another by one run. @default none
   */
  group?: GroupOf<P>
  /** Jobs of a group that may run at a time. @default 1 */
  groupConcurrency?: number
  /** As {@link rate}, for each group by itself. @default none */
  groupRate?: Rate
  /** Milliseconds since its submission after which a job that snoozes is dead. @default 7 days */
  maxAge?: number
  /** **Lower runs first.** For submissions through this runtime. @default 0 */
  priority?: number
  /** Milliseconds to wait at least. For submissions through this runtime. @default 0 */
  delay?: number
  /**
   * Checks the payloads of submissions through this runtime; any Standard Schema (zod, valibot,
   * arktype). @default none
   */
  schema?: Schema
}

const RUNTIME_KEYS = [
  ...['handlers', 'config', 'logger', 'idle', 'lanes', 'env', 'execArgv', 'threadEntry'],
  'unknownKinds',
]
const LANE_KEYS = ['threads', 'concurrency', 'memory', 'spare']
const RUN_KEYS = ['maxAttempts', 'backoff', 'timeout', 'grace', 'alone', 'lane', 'maxAge']
const LIMIT_KEYS = ['concurrency', 'rate', 'group', 'groupConcurrency', 'groupRate']
const KIND_KEYS = [...RUN_KEYS, ...LIMIT_KEYS, 'priority', 'delay', 'schema']
const MOST_THREADS = 1_024

const MODULE = 'the path or file: URL of a module'

export interface CheckedLane {
  threads: number
  concurrency: number
  memory: number | undefined
  spare: boolean
}

export interface CheckedOptions {
  /** `file:` URL. */
  handlers: string | undefined
  config: unknown
  logger: Logger
  unknownKinds: 'dead' | 'wait'
  idle: number
  lanes: Map<string, CheckedLane>
  env: Record<string, string>
  execArgv: string[]
  threadEntry: string | undefined
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkRuntimeOptions(options: RuntimeOptions): CheckedOptions {
  checkKeys(options, 'options', RUNTIME_KEYS)
  const { idle = 1_000, config, env = {}, execArgv = [] } = options
  const { threadEntry, unknownKinds = 'dead' } = options
  checkThreadEntry(threadEntry)
  checkEnvironment(env)
  return {
    handlers: options.handlers === undefined ? undefined : handlersUrl(options.handlers),
    config: cloneConfig(config),
    logger: loggerOf(options.logger),
    unknownKinds: checkOneOf(unknownKinds, 'unknownKinds', ['dead', 'wait']),
    idle: checkNumber(idle, 'idle', -MAX_DELAY, MAX_DELAY) > 0 ? idle : 1_000,
    lanes: checkLanes(options.lanes ?? {}),
    env: { ...env },
    execArgv: checkExecArgv(execArgv),
    threadEntry,
  }
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkKindOptions(
  options: KindOptions,
  lanes: ReadonlyMap<string, unknown>,
): KindOptions {
  checkKeys(options, 'options', KIND_KEYS)
  const { maxAttempts, backoff, timeout, grace, alone, lane } = options
  const { priority, delay, schema } = options
  if (maxAttempts !== undefined) checkMaxAttempts(maxAttempts)
  if (typeof backoff === 'function') checkSynchronous(backoff, 'backoff')
  else if (backoff !== undefined) checkBackoff(backoff)
  if (timeout !== undefined) checkTimeout(timeout)
  if (grace !== undefined) checkNumber(grace, 'grace', 0, MAX_DELAY)
  if (alone !== undefined) checkOneOf(alone, 'alone', [true, false])
  checkLimits(options)
  if (priority !== undefined) checkInteger(priority, 'priority', -MAX_PRIORITY, MAX_PRIORITY)
  if (delay !== undefined) checkNumber(delay, 'delay', 0, MAX_DELAY)
  if (schema !== undefined) checkSchema(schema)
  if (lane !== undefined && !lanes.has(lane)) {
    throw badOption('lane', `one of ${[...lanes.keys()].join(', ')}`, lane)
  }
  return options
}

function checkLimits(options: KindOptions): void {
  const { concurrency, rate, group, groupConcurrency, groupRate, maxAge } = options
  if (concurrency !== undefined) checkInteger(concurrency, 'concurrency', 1, 1_000_000)
  if (rate !== undefined) checkRate(rate, 'rate')
  if (group !== undefined) checkGroupOf(group)
  if (typeof group === 'function') checkSynchronous(group, 'group')
  if (groupConcurrency !== undefined) {
    checkInteger(groupConcurrency, 'groupConcurrency', 1, 1_000_000)
  }
  if (groupRate !== undefined) checkRate(groupRate, 'groupRate')
  if (maxAge !== undefined) checkNumber(maxAge, 'maxAge', 0, MAX_DELAY)
}

/** The part of a kind's options that decides about its runs, over the defaults. */
export function policyOf(options: KindOptions, defaults: Policy): Policy {
  return {
    maxAttempts: options.maxAttempts ?? defaults.maxAttempts,
    backoff: options.backoff ?? defaults.backoff,
    timeout: options.timeout ?? defaults.timeout,
    grace: options.grace ?? defaults.grace,
    alone: options.alone ?? defaults.alone,
    lane: options.lane ?? defaults.lane,
    concurrency: options.concurrency ?? defaults.concurrency,
    rate: options.rate ?? defaults.rate,
    group: options.group ?? defaults.group,
    groupConcurrency: options.groupConcurrency ?? defaults.groupConcurrency,
    groupRate: options.groupRate ?? defaults.groupRate,
    maxAge: options.maxAge ?? defaults.maxAge,
  }
}

/** @throws HelveError `HELVE_ERR_OPTION` for what is no number; below one means one */
export function checkThreads(threads: unknown): number {
  const number = checkNumber(threads, 'threads', Number.NEGATIVE_INFINITY, MOST_THREADS)
  return Math.max(1, Math.floor(number))
}

function checkLanes(lanes: Record<string, LaneOptions>): Map<string, CheckedLane> {
  if (typeof lanes !== 'object' || lanes === null) throw badOption('lanes', 'an object', lanes)
  const checked = new Map([['default', checkLane({})]])
  for (const [name, lane] of Object.entries(lanes)) {
    if (name === 'main') throw badOption('lanes', 'names other than "main"', name)
    checked.set(name, checkLane(lane))
  }
  return checked
}

function checkLane(lane: LaneOptions): CheckedLane {
  checkKeys(lane, 'lane', LANE_KEYS)
  const { threads = Math.max(2, availableParallelism()), concurrency = 1, memory } = lane
  const { spare = true } = lane
  return {
    threads: checkThreads(threads),
    concurrency: checkInteger(concurrency, 'concurrency', 1, 10_000),
    memory: memory === undefined ? undefined : checkInteger(memory, 'memory', 8, 1_048_576),
    spare: checkOneOf(spare, 'spare', [true, false]),
  }
}

function handlersUrl(handlers: unknown): string {
  const file = pathOf(handlers)
  if (file === undefined) throw badOption('handlers', MODULE, String(handlers))
  const twin = file.endsWith('ts') ? file.replace(/ts$/, 'js') : file.replace(/js$/, 'ts')
  const found = [file, twin].find(isFile)
  if (found === undefined) throw noModule(file)
  return pathToFileURL(found).href
}

/** Undefined for a URL that leads to no file. */
function pathOf(handlers: unknown): string | undefined {
  const given = String(handlers)
  const isUrl = handlers instanceof URL || /^[a-z][a-z0-9+.-]+:/i.test(given)
  if (!isUrl) return given
  try {
    return fileURLToPath(given)
  } catch {
    return undefined
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function noModule(file: string): HelveError {
  const problem = `handlers: expected ${MODULE}, got ${file}${notThere(file)}`
  return new HelveError('HELVE_ERR_OPTION', problem)
}

/** Says so of a file, and which one may have been meant. */
function notThere(file: string): string {
  if (existsSync(file)) return ', which is no file'
  const folder = dirname(file)
  if (!existsSync(folder)) return ', whose folder is not there'
  const meant = nearest(basename(file), readdirSync(folder))
  return `, which is not there${meant === undefined ? '' : `: did you mean ${meant}?`}`
}

function checkThreadEntry(threadEntry: unknown): void {
  if (threadEntry === undefined) return
  if (typeof threadEntry === 'string' && isFile(threadEntry)) return
  throw badOption('threadEntry', 'the path of a file that is there', threadEntry)
}

function loggerOf(logger: unknown): Logger {
  if (logger === undefined) return stderrLogger()
  if (logger === false) return silentLogger
  if (isLogger(logger)) return logger
  throw badOption('logger', 'a pino logger, one like it, or false', logger)
}

/** What it gives is needed at once; what it rejects with would end the process. */
function checkSynchronous(given: unknown, field: string): void {
  const isAsync = types.isAsyncFunction(given)
  if (!isAsync && !types.isGeneratorFunction(given)) return
  const came = isAsync ? 'an async one' : 'a generator'
  throw new HelveError('HELVE_ERR_OPTION', `${field}: expected a plain function, got ${came}`)
}

/** Once, and at once: what the host does with it later must not keep a thread from starting. */
function cloneConfig(config: unknown): unknown {
  try {
    return structuredClone(config)
  } catch (cause) {
    throw new HelveError(
      'HELVE_ERR_OPTION',
      `config: expected what can be cloned into a thread, got ${String(cause)}`,
      { cause },
    )
  }
}

function checkExecArgv(execArgv: unknown): string[] {
  if (!Array.isArray(execArgv)) throw badOption('execArgv', 'an array of strings', execArgv)
  return execArgv.map((flag: unknown, at) => {
    if (typeof flag !== 'string') throw badOption(`execArgv[${at}]`, 'a string', flag)
    return flag
  })
}

function checkEnvironment(env: unknown): void {
  if (typeof env !== 'object' || env === null) throw badOption('env', 'an object', env)
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== 'string') throw badOption(`env.${name}`, 'a string', value)
  }
}
