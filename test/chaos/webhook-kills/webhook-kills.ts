import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figures, PartOptions } from '../part.ts'
import { campaign } from './campaign.ts'

/** How much a run of this part does. */
export interface WebhookKillsOptions extends PartOptions {
  /** @default 20 */
  kills?: number
}

export const about = 'kills hosts while requests of webhooks are under way'
export const share = { kills: 3 }

/** I1, I2: kill -9 in the middle of requests loses no event, and each attempt leaves a record. */
export async function run({ seed, kills = 20 }: WebhookKillsOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  try {
    const { acknowledged, posts, attempts, deliveries } = await campaign({ seed, folder, kills })
    await rm(folder, { recursive: true })
    return {
      kills,
      'events acknowledged': acknowledged.length,
      deliveries: deliveries.length,
      'requests received': posts.length,
      'requests killed': posts.filter(({ end }) => end === 'killed').length,
      'attempts recorded as interrupted': attempts.filter(({ outcome }) => outcome !== 'ok').length,
    }
  } catch (error) {
    throw new Error(`${String(error)}\nfound in ${folder}`, { cause: error })
  }
}
