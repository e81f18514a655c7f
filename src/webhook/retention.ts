import type { Logger } from '../run/handler.ts'
import type { DeliveryPruner } from '../store/deliveries.ts'
import { sleep } from '../timer.ts'

/** Milliseconds for which records of webhook deliveries are kept: 30 days. */
export const deliveryRetention = 30 * 24 * 60 * 60 * 1_000

/** Milliseconds between two sweeps. */
const INTERVAL = 60 * 60 * 1_000

/** How delivery retention is run. */
export interface DeliveryRetentionOptions {
  /** Ends the sweeping. */
  signal: AbortSignal
  logger: Pick<Logger, 'info' | 'error'>
  /** For tests. @default the system's */
  clock?: RetentionClock
}

/** The time, as retention needs it. */
export interface RetentionClock {
  /** Epoch milliseconds. */
  now(): number
  /**
   * Resolves after so many milliseconds, or as soon as the signal aborts. Leaves no timer behind.
   */
  wait(ms: number, signal: AbortSignal): Promise<unknown>
}

const SYSTEM: RetentionClock = {
  now: Date.now,
  wait: sleep,
}

/**
 * Deletes records of webhook deliveries that are older than {@link deliveryRetention}: the first
 * time at once, and then every hour. A sweep that fails is logged, and the next sweep follows as
 * usual. Resolves when the signal aborts and no sweep is under way; never rejects. A record holds
 * whole request and response bodies: without retention the file would grow without bound.
 */
export async function runDeliveryRetention(
  store: DeliveryPruner,
  { signal, logger, clock = SYSTEM }: DeliveryRetentionOptions,
): Promise<void> {
  while (!signal.aborted) {
    await sweep(store, logger, clock.now() - deliveryRetention)
    await clock.wait(INTERVAL, signal)
  }
}

async function sweep(
  store: DeliveryPruner,
  logger: DeliveryRetentionOptions['logger'],
  before: number,
): Promise<void> {
  try {
    const pruned = await store.pruneDeliveries(before)
    if (pruned > 0) logger.info({ pruned }, 'deleted old webhook deliveries')
  } catch (error) {
    logger.error({ err: error }, 'deleting old webhook deliveries failed')
  }
}
