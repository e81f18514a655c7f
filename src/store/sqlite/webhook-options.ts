import { checkKeys } from '../../job/check.ts'
import type { GuardOptions, GuardRules } from '../../job/webhook-guard.ts'
import { checkGuard, GUARD_OPTIONS } from '../../webhook/guard/rules.ts'
import { Sealer } from '../rules/seal.ts'
import { sealKeys, type GivenKeys } from '../rules/seal-keys.ts'

/** How a store keeps webhooks, and where their deliveries may go. */
export interface WebhookOptions extends GuardOptions {
  /**
   * Seals the secrets of webhooks, their authorization, and URLs with a query: the file holds none
   * of these in clear. `open` asks a function once. @default none: nothing is sealed
   */
  key?: GivenKeys
}

/** {@link WebhookOptions}, checked. */
export interface WebhookSafety {
  sealer: Sealer
  rules: GuardRules
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export async function webhookSafety(options: WebhookOptions = {}): Promise<WebhookSafety> {
  checkKeys(options, 'webhooks', ['key', ...GUARD_OPTIONS])
  const { key: _, ...guard } = options
  const rules = checkGuard(guard, 'webhooks')
  return { sealer: new Sealer(await sealKeys(options)), rules }
}
