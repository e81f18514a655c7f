import type { GroupOf } from '../../../src/job/group.ts'
import { DEFAULT_POLICY, type Policy } from '../../../src/job/policy.ts'

export type Lane = 'default' | 'io'

/** The lane of each kind; nobody handles `ghost`. */
export const LANES = {
  ...({ plain: 'default', grouped: 'default', filed: 'default' } as const),
  ...({ rated: 'io', trickled: 'io', single: 'io', ghost: null } as const),
} satisfies Record<string, Lane | null>

/** Slots of each lane beyond its own, for kinds that hold no slot. */
export const SPARE = 1

export type Kind = keyof typeof LANES
export const KINDS = Object.keys(LANES) as [Kind, ...Kind[]]

/** The payload of every job. */
export interface Payload {
  /** The number of the submission. */
  n: number
  repo: Repo
}

export type Repo = 'a' | 'b' | 'none' | 'bad'

/** Whether the policy of a kind says to which group a job belongs. */
export function hasGroups(kind: Kind): boolean {
  return kind === 'filed'
}

/** The group that the policy of a kind gives to a payload; null where the policy throws. */
export function groupOf(kind: Kind, { repo }: Payload): string | null {
  return hasGroups(kind) && (repo === 'a' || repo === 'b') ? repo : null
}

const groupOfFiled = ((payload: Payload) => {
  if (payload.repo === 'bad') throw new Error('on purpose')
  return groupOf('filed', payload)
}) as GroupOf

/**
 * A kind for each way in which a kind can be limited. Tokens come at whole milliseconds, so that the
 * model knows the moments exactly.
 */
export function policies(): Record<Kind, Policy> {
  const policy = (over: Partial<Policy>): Policy => ({ ...DEFAULT_POLICY, ...over })
  return {
    plain: policy({ maxAttempts: 3, maxAge: 20_000 }),
    grouped: policy({ groupConcurrency: 2, backoff: { delay: 1_000, maxDelay: 3_000 } }),
    filed: policy({ group: groupOfFiled, alone: true }),
    rated: policy({ rate: { limit: 4, per: 100 } }),
    trickled: policy({ groupConcurrency: 3, groupRate: { limit: 2, per: 50 } }),
    single: policy({ concurrency: 1, timeout: 30, backoff: { type: 'fixed', delay: 500 } }),
    ghost: policy({}),
  }
}
