import type { Verified } from './receivers.ts'
import { count, expect } from './report.ts'
import type { Run } from './scene.ts'

export async function webhooks(run: Run): Promise<void> {
  await verifiedDeliveries(run)
  await slowEndpoint(run)
  await deadEndpoint(run)
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

async function slowEndpoint({ forge, changes, report }: Run): Promise<void> {
  const { receivers } = forge
  await report.step('slow endpoint', async () => {
    const { verified, answered } = receivers
    await changes.until(() => verified.every(({ guid }) => answered.has(guid)))
    return `it has answered ${count(answered.size, 'delivery', 'deliveries')}`
  })
}

/** Shows that deliveries to other receivers do not wait while the silent one holds a request. */
async function deadEndpoint(run: Run): Promise<void> {
  const { forge, changes, report } = run
  const attempts = () => forge.attempts(forge.hooks.silent)
  await report.step('dead endpoint', async () => {
    await changes.until(async () => (await attempts()).some(({ attempt }) => attempt > 1))
    const made = await attempts()
    expect(
      made.every(({ status }) => status === null),
      'it answered',
    )
    const meanwhile = await arrivedMeanwhile(run)
    const latencies = meanwhile.map(({ at, payload }) => at - payload.occurred_at)
    const most = Math.max(...made.map(({ attempt }) => attempt))
    return (
      `${count(made.length, 'attempt')}, up to ${most} on one delivery, none answered; ` +
      `meanwhile ${meanwhile.length} deliveries arrived elsewhere within ${spread(latencies)}`
    )
  })
}

/** Deliveries that arrived while the silent receiver held a request; pings all until one has. */
async function arrivedMeanwhile({ forge, changes }: Run): Promise<Verified[]> {
  const { verified } = forge.receivers
  for (;;) {
    const meanwhile = verified.filter(({ whileHeld }) => whileHeld)
    if (meanwhile.length > 0) return meanwhile
    const before = verified.length
    await forge.ping()
    await changes.until(() => verified.length > before)
  }
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
