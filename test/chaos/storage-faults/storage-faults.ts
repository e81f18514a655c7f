import assert from 'node:assert/strict'
import { Random } from '../../support/random.ts'
import type { Figures, PartOptions } from '../part.ts'
import type { Fault } from './fault.ts'
import { FAULTS } from './faults.ts'
import { trial, type Finding, type TrialOptions } from './trial.ts'

/** How much a run of this part does. */
export interface StorageFaultsOptions extends PartOptions {
  /** Every `every`th fault is tried. @default 1, all */
  every?: number
  /** Milliseconds for which a fault lasts, at most. @default 20000 */
  longest?: number
  /** Milliseconds for which the main thread may be blocked. @default 100 */
  block?: number
  /** Milliseconds in which work goes on again by itself, or a process ends. @default 5000 */
  soon?: number
}

export const about = 'takes the disk, the file or its lock away under load'
export const share = { every: 7, longest: 300, block: Infinity, soon: Infinity }

/** Trials at a time: they wait most of the time. */
const BESIDE = 3
/** A machine with other load stalls now and then; what a fault itself does, it does each time. */
const TRIALS = 3
/** Bytes of the log that commits leave: 16 MiB, and the last commit. */
const LARGEST_LOG = 20 * 1024 * 1024
const MIB = 1024 * 1024

/** Lets each fault happen to a runtime under load. */
export async function run(options: StorageFaultsOptions): Promise<Figures> {
  const { seed, every = 1, longest = 20_000 } = options
  const faults = FAULTS.filter((_, i) => i % every === 0)
  // Faults that last long go first, so that the others go on beside them.
  const left = faults.toSorted((a, b) => b.lasts - a.lasts)
  const findings = new Map<Fault, Finding | undefined>()
  const work = async (): Promise<void> => {
    for (let fault = left.shift(); fault; fault = left.shift()) {
      const random = new Random(seed + FAULTS.indexOf(fault))
      findings.set(fault, await patientTrial(fault, { random, longest, mounts: true }, options))
    }
  }
  const workers = Array.from({ length: BESIDE }, work)
  try {
    await Promise.all(workers)
  } finally {
    left.length = 0
    await Promise.allSettled(workers)
  }
  return figures(faults, findings)
}

/** Repeats a trial that has taken too long, or whose log has become too large. */
async function patientTrial(
  fault: Fault,
  trialOptions: TrialOptions,
  limits: StorageFaultsOptions,
): Promise<Finding | undefined> {
  for (let left = TRIALS - 1; ; left -= 1) {
    const finding = await trial(fault, trialOptions)
    if (finding === undefined) return undefined
    const found = excess(fault, finding, limits)
    if (found === undefined) return finding
    assert.ok(left > 0, `${fault.name}: ${found}`)
  }
}

/** What has taken too long, or has become too large; undefined if nothing has. */
function excess(
  { then }: Fault,
  { block = 0, recovery, stop = 0, log }: Finding,
  limits: StorageFaultsOptions,
): string | undefined {
  const { block: longestBlock = 100, soon = 5_000 } = limits
  if (block > longestBlock) return `the main thread was blocked for ${block} ms`
  if (then === 'goes on' && recovery > soon) return `work went on after ${recovery} ms`
  if (stop > soon) return `it took ${stop} ms to end`
  if (log.afterwards > LARGEST_LOG) return `the log has still ${log.afterwards} bytes`
  return undefined
}

function figures(faults: Fault[], findings: Map<Fault, Finding | undefined>): Figures {
  const all: Figures = {}
  for (const fault of faults) {
    const finding = findings.get(fault)
    all[fault.name] = finding ? text(fault, finding) : 'skipped: no mount namespaces'
  }
  return all
}

function text({ code: heard, then }: Fault, { code, block, recovery, stop, log }: Finding): string {
  const ms = (time: number): string => `${Math.round(time)} ms`
  const parts = [
    code,
    block === undefined ? 'never started' : `blocked ${ms(block)}`,
    ...(stop === undefined ? [] : [`ended in ${ms(stop)}`]),
    `${then === 'restart' ? 'restarted in' : 'went on after'} ${ms(recovery)}`,
  ]
  const mib = (size: number): number => Math.round(size / MIB)
  // A fault that nobody is told of shows in the log only.
  if (!heard) parts.push(`log ${mib(log.meanwhile)} MiB, then ${mib(log.afterwards)}`)
  return parts.join(', ')
}
