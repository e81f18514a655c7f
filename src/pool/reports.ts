import { checkOutcome } from '../job/outcome-check.ts'
import { toJobError } from '../job/failure.ts'
import type { HandlerOutcome } from '../job/outcome.ts'
import type { Report } from '../thread/protocol.ts'

/**
 * The reports that came from a thread, each whole. This is the border: no code behind it checks
 * reports again. A report that names no run is left out. A damaged or forged outcome becomes a
 * failure that no retry repairs, so the job is dead, and its error says why.
 */
export function reportsOf(received: unknown): Report[] {
  if (!Array.isArray(received)) return []
  const reports: Report[] = []
  for (const one of received as unknown[]) {
    const report = reportOf(one)
    if (report !== undefined) reports.push(report)
  }
  return reports
}

function reportOf(received: unknown): Report | undefined {
  const { slot, token, outcome, took, units } = (received ?? {}) as Report
  // The token says whether the run is the thread's own.
  if (!Number.isInteger(slot) || !Number.isSafeInteger(token)) return undefined
  return {
    slot,
    token,
    outcome: outcome === undefined ? undefined : checked(outcome),
    took: isDuration(took) ? took : undefined,
    units: Number.isInteger(units) ? units : 0,
  }
}

function isDuration(took: unknown): boolean {
  return Number.isFinite(took) && (took as number) >= 0
}

function checked(outcome: unknown): HandlerOutcome {
  try {
    return checkOutcome(outcome)
  } catch (error) {
    const message = `the outcome of the run is damaged: ${toJobError(error).message}`
    return {
      type: 'failed',
      error: { name: 'OutcomeError', message },
      permanent: true,
      retryAt: undefined,
      deliveries: [],
    }
  }
}
