import type { Verified } from './receivers.ts'
import { count, expect } from './report.ts'
import { hooksOf, type Run } from './scene.ts'

/** Ids of the hooks of the organisation, by their receivers. */
export type OrganizationHooks = Record<'verifying' | 'silent', number>

/** Shows what became of the events of all steps before. */
export async function deliveries(run: Run, hooks: OrganizationHooks): Promise<void> {
  await verifiedDeliveries(run)
  await slowEndpoint(run)
  await deadEndpoint(run, hooks)
}

async function verifiedDeliveries({ forge, changes, report, pushed }: Run): Promise<void> {
  const { verified, urls } = forge.receivers
  await report.step('verified deliveries', async () => {
    const missing = () => {
      const arrived = new Set(verified.map(({ payload }) => payload.after))
      return pushed.filter((commit) => !arrived.has(commit))
    }
    await changes.until(() => missing().length === 0)
    const { status } = await fetch(urls.verifying, { method: 'POST', body: '{}', headers: FORGED })
    expect(status === 400, `a forged delivery was answered with ${status}`)
    const events = [...new Set(verified.map(({ event }) => event))].join(', ')
    return `${count(verified.length, 'signature')} (${events}), of every push; a forged one refused`
  })
}

/** The hook of each repository gets the same events as the organisation's, with the same GUIDs. */
async function slowEndpoint({ forge, changes, report }: Run): Promise<void> {
  const { verified, answered } = forge.receivers
  await report.step('slow endpoint', async () => {
    await changes.until(() => shared(verified).every(({ guid }) => answered.has(guid)))
    const all = count(shared(verified).length, 'event')
    return `it has answered all ${all}, under the GUIDs of the verified ones`
  })
}

/** A ping is meant for one hook alone. */
function shared(verified: Verified[]): Verified[] {
  return verified.filter(({ event }) => event !== 'ping')
}

/**
 * Shows that deliveries to other receivers do not wait while the silent one holds a request, and
 * that the breaker of its hook opens.
 */
async function deadEndpoint(run: Run, hooks: OrganizationHooks): Promise<void> {
  const { forge, changes, report } = run
  await report.step('dead endpoint', async () => {
    const breaker = async () =>
      (await forge.runtime.breakers()).find(({ group }) => group === String(hooks.silent))
    await changes.until(async () => (await breaker()) !== undefined)
    const made = await hooksOf(run).deliveries(hooks.silent)
    const answered = made.filter(({ status_code }) => status_code !== 0)
    expect(answered.length === 0, `it answered ${answered.length} times`)
    const latencies = await latenciesMeanwhile(run, hooks.verifying)
    return (
      `${count(made.length, 'attempt')}, none answered, and its breaker has opened ` +
      `${count((await breaker())!.trips, 'time')}; meanwhile ${latencies.length} deliveries ` +
      `arrived elsewhere within ${spread(latencies)}`
    )
  })
}

/**
 * Milliseconds from the event to the arrival of deliveries that arrived while the silent receiver
 * held a request. Pings the verifying one until one has.
 */
async function latenciesMeanwhile({ forge, changes }: Run, verifying: number): Promise<number[]> {
  const { verified } = forge.receivers
  for (;;) {
    const meanwhile = verified.flatMap(latencyIfHeld)
    if (meanwhile.length > 0) return meanwhile
    const before = verified.length
    await forge.runtime.webhooks.ping(verifying, { occurred_at: Date.now() })
    await changes.until(() => verified.length > before)
  }
}

function latencyIfHeld({ whileHeld, at, payload }: Verified): number[] {
  const { occurred_at: since } = payload
  return whileHeld && since !== undefined ? [at - since] : []
}

function spread(latencies: number[]): string {
  const sorted = latencies.toSorted((a, b) => a - b)
  return `${sorted[Math.floor(sorted.length / 2)]} ms (median), ${sorted.at(-1)} ms (most)`
}

const FORGED = {
  'content-type': 'application/json',
  'x-github-event': 'push',
  'x-github-delivery': '00000000-0000-0000-0000-000000000000',
  'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
}
