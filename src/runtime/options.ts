import { badOption, checkKeys, checkNumber, checkOneOf } from '../job/check.ts'
import { HelveError } from '../job/errors.ts'
import { MAX_DELAY } from '../job/limits.ts'
import { isLogger, silentLogger } from '../logger.ts'
import type { Logger } from '../run/handler.ts'
import { stderrLogger } from '../stderr-logger.ts'
import { handlersUrl, isFile } from './handlers-file.ts'
import { checkLanes, type CheckedLane, type LaneOptions } from './lane-options.ts'

/**
 * How a runtime is made.
 *
 * @typeParam C the config that the setup of the handlers module takes
 */
export interface RuntimeOptions<C = unknown> {
  /**
   * The module whose default export is `defineHandlers(…)`; every worker thread loads it. If the
   * named file is missing, helve takes its twin with `.js` for `.ts` (or the reverse).
   * @default none: only functions registered on the main thread run
   */
  handlers?: URL | string
  /**
   * Handed to every thread's setup; structured-cloneable. The constructor clones the config: a
   * later change reaches no thread. @default undefined
   */
  config?: C
  /**
   * A pino logger, Fastify's, or one like the console; `false` for silence. A logger that does not
   * say its level gets lines of `info` and above. An `error` event reports errors of the host's
   * code in the logger (serializers, mixins). @default warnings and errors, as lines on stderr
   */
  logger?: Logger | false
  /**
   * Milliseconds before polling again when the queue is empty; 0 and less mean 1000, and more than
   * a minute means a minute. @default 1000
   */
  idle?: number
  /**
   * Named pools of threads. `default` is always there; a kind chooses another lane with the `lane`
   * of its policy. `main` is the lane of the main thread, and cannot be configured.
   * @default { default: { threads: the number of cores, and at least 2 } }
   */
  lanes?: Record<string, LaneOptions>
  /**
   * Environment variables of the threads, beside harmless ones that all threads get. @default {}
   */
  env?: Record<string, string>
  /**
   * What becomes of jobs of a kind that nobody handles: neither the handlers module nor a
   * registered function. `dead` makes them dead as soon as they are due; `wait` leaves them queued
   * until somebody handles their kind, as in a deploy in which producers come first.
   * @default 'dead'
   */
  unknownKinds?: 'dead' | 'wait'
  /**
   * Node's own options for the threads, such as `--require`, `--conditions`,
   * `--enable-source-maps`. Threads inherit no options of the process: neither its flags nor
   * `NODE_OPTIONS`.
   * @default []
   */
  execArgv?: string[]
  /** Path of the thread entry, for programs that are bundled into one file. @default helve's own */
  threadEntry?: string
}

/** Requires a config if the setup of the handlers module takes one. */
export type NeededConfig<C> = undefined extends C
  ? unknown
  : { handlers?: undefined } | { config: C }

const RUNTIME_KEYS = [
  ...['handlers', 'config', 'logger', 'idle', 'lanes', 'env', 'execArgv', 'threadEntry'],
  'unknownKinds',
]

/** The options of a runtime, checked, over the defaults: nobody changes them. */
export interface CheckedOptions {
  /** `file:` URL. */
  readonly handlers: string | undefined
  readonly config: unknown
  readonly logger: Logger
  readonly unknownKinds: 'dead' | 'wait'
  readonly idle: number
  readonly lanes: ReadonlyMap<string, CheckedLane>
  readonly env: Readonly<Record<string, string>>
  readonly execArgv: readonly string[]
  readonly threadEntry: string | undefined
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

/** Clones the config once, at once: no later change by the host can keep a thread from starting. */
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
