import type { Settle, SettleResult } from '../turn.ts'

const COMPLETED: SettleResult = { state: 'completed', rerun: false, followUps: [] }

/** How a store settles the claims of one turn. */
export interface Settler {
  /**
   * Deletes the jobs of settles that only complete their jobs. Returns the settles whose jobs were
   * deleted. Left out are settles that are not owned, and settles whose job has to run once more.
   */
  complete(settles: readonly Settle[]): ReadonlySet<Settle>
  settle(one: Settle): SettleResult | undefined
}

/**
 * Settles that only complete their jobs go before all others: no follow-up may fold into a job that
 * has completed.
 */
export function settleAll(
  settler: Settler,
  settles: readonly Settle[],
): (SettleResult | undefined)[] {
  const completed = settler.complete(plain(settles))
  return settles.map((one) => (completed.has(one) ? COMPLETED : settler.settle(one)))
}

/**
 * The settles that only complete. A settle after another settle of its claim is late, and left out.
 */
function plain(settles: readonly Settle[]): Settle[] {
  const ended = new Set<number>()
  return settles.filter((settle) => {
    if (isPlain(settle)) return !ended.has(settle.job.token)
    ended.add(settle.job.token)
    return false
  })
}

function isPlain(settle: Settle): boolean {
  return settle.move.to === 'completed' && settle.breakers.length === 0 && !hasEffects(settle)
}

/** Whether a settle writes more than the end of its run. */
export function hasEffects({ followUps, deliveries, publications = [] }: Settle): boolean {
  return followUps.length + deliveries.length + publications.length > 0
}
