import type { AttemptOutcome } from '../../job/delivery.ts'

/** Milliseconds of nothing but failures after which a hook is disabled: https://docs.svix.com/retries */
export const DISABLE_AFTER = 5 * 24 * 60 * 60 * 1_000
/** Failed attempts below which a hook stays active, however long it has been failing. */
export const FEWEST_FAILURES = 10

/** How the deliveries of a hook have gone lately. */
export interface Health {
  active: boolean
  /** Moment of the queue since which every attempt has failed; `null` for none. */
  failingSince: number | null
  /** Failed attempts since then. */
  failures: number
  /** Why helve has disabled the hook; `null` if helve has not. */
  disabledReason: string | null
}

/** An attempt that has ended. */
export interface EndedAttempt {
  outcome: AttemptOutcome
  event: string
  /** Why the attempt failed; `null` after a 2xx. */
  error: string | null
}

/**
 * The health of a hook after an attempt; the same object if nothing has changed. A hook is disabled
 * when its receiver is gone, or has failed for long enough. A ping that succeeds makes a disabled
 * hook active again.
 */
export function afterAttempt(health: Health, attempt: EndedAttempt, now: number): Health {
  const { outcome, event } = attempt
  if (outcome === 'interrupted' || outcome === 'never sent') return health
  if (outcome === 'ok') return recovered(health, event)
  const failing = {
    ...health,
    failingSince: health.failingSince ?? now,
    failures: health.failures + 1,
  }
  const reason = health.active ? reasonToDisable(failing, attempt, now) : undefined
  return reason === undefined ? failing : { ...failing, active: false, disabledReason: reason }
}

function recovered(health: Health, event: string): Health {
  const isBack = event === 'ping' && health.disabledReason !== null
  if (!isBack && health.failingSince === null) return health
  const fine = { ...health, failingSince: null, failures: 0 }
  return isBack ? { ...fine, active: true, disabledReason: null } : fine
}

function reasonToDisable(
  { failingSince, failures }: Health,
  { outcome, error }: EndedAttempt,
  now: number,
): string | undefined {
  if (outcome === 'gone') return 'the receiver answered 410: it wants no more deliveries'
  const failingFor = now - (failingSince ?? now)
  if (failingFor < DISABLE_AFTER || failures < FEWEST_FAILURES) return undefined
  const days = Math.floor(failingFor / (24 * 60 * 60 * 1_000))
  return `all ${failures} attempts of ${days} days have failed, the last one: ${error}`
}
