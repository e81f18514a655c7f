import { HUNGRY, MEMORY, POISONS, POLLUTIONS, type Poison } from '../../support/pool/poisons.ts'
import type { LaneOptions } from '../../../src/runtime/lane-options.ts'

/** Lanes of both sorts, and a lane with a limit of memory, whose thread may be polluted. */
export const LANES = {
  one: { threads: 2 },
  many: { threads: 1, concurrency: 8 },
  apart: { threads: 1, memory: MEMORY },
} satisfies Record<string, LaneOptions>

/** This poison harms other jobs only: its job completes, and ends its thread under another job. */
const LEAK: Poison = {
  line: 'leaves a timer behind',
  kind: 'leakTimer',
  payload: { ms: 5 },
  end: { type: 'completed' },
}

/** The poisons that are tried in each lane. */
export const TRIED: Record<keyof typeof LANES, readonly Poison[]> = {
  one: [...POISONS, LEAK],
  many: [...POISONS, LEAK],
  apart: [...HUNGRY, ...POLLUTIONS],
}

export function kindIn(lane: string, kind: string): string {
  return `${lane}:${kind}`
}
