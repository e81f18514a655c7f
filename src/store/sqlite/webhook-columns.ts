import type { WebhookSettings } from '../../job/webhook.ts'
import type { Sealer } from '../rules/seal.ts'
import { previousUntil, type WebhookRow } from './rows.ts'

type Secrets = Pick<WebhookSettings, 'secret' | 'authorization'>

/** The columns of all settings but the secrets. */
export function settingColumns(settings: WebhookSettings, sealer: Sealer) {
  const { url, standard, contentType, events, active, insecureTls, target } = settings
  return {
    url: sealedUrl(url, sealer),
    standard: Number(standard),
    contentType,
    events: JSON.stringify(events),
    active: Number(active),
    insecureTls: Number(insecureTls),
    target: target && JSON.stringify(target),
  }
}

/**
 * Seals a URL with a query, whose values may be secrets. A URL without a query stays readable for
 * whoever reads the file.
 */
function sealedUrl(url: string, sealer: Sealer): string {
  return /[?#]/.test(url) ? sealer.seal('url', url) : url
}

export function newSecrets({ secret, authorization }: Secrets, sealer: Sealer) {
  return {
    secret: sealer.seal('secret', secret ?? null),
    authorization: sealer.seal('authorization', authorization ?? null),
  }
}

/** A new secret ends a rotation at once. A secret or an authorization that is not given stays. */
export function changedSecrets(
  row: WebhookRow,
  { secret, authorization }: Secrets,
  sealer: Sealer,
  now: number,
) {
  const kept = keptSecrets(row, sealer, now)
  return {
    ...kept,
    ...(secret === undefined
      ? {}
      : { secret: sealer.seal('secret', secret), previousSecret: null, previousSecretUntil: null }),
    ...(authorization === undefined
      ? {}
      : { authorization: sealer.seal('authorization', authorization) }),
  }
}

/** The secrets of a hook as they are, sealed by the newest key. */
export function keptSecrets(row: WebhookRow, sealer: Sealer, now: number) {
  const until = previousUntil(row, now)
  return {
    secret: sealer.reseal('secret', row.secret, row.id),
    previousSecret: until && sealer.reseal('previousSecret', row.previous_secret, row.id),
    previousSecretUntil: until,
    authorization: sealer.reseal('authorization', row.authorization, row.id),
  }
}

/** All sealed values of a hook, sealed by the newest key. */
export function resealedColumns(row: WebhookRow, sealer: Sealer, now: number) {
  const url = sealer.opens('url', row.url, row.id)
    ? sealedUrl(sealer.open('url', row.url, row.id), sealer)
    : row.url
  return { id: row.id, url, ...keptSecrets(row, sealer, now) }
}

/** @param keepFor milliseconds for which the old secret still holds */
export function rotatedSecret(
  row: WebhookRow,
  { secret, keepFor, now }: { secret: string; keepFor: number; now: number },
  sealer: Sealer,
) {
  const previous = keepFor > 0 ? sealer.open('secret', row.secret, row.id) : null
  return {
    secret: sealer.seal('secret', secret),
    previousSecret: sealer.seal('previousSecret', previous),
    previousSecretUntil: previous === null ? null : now + keepFor,
  }
}

/** Whether the keys open every value of the hook that a delivery needs. */
export function isReadable(row: WebhookRow, sealer: Sealer, now: number): boolean {
  const isRotating = previousUntil(row, now) !== null
  return (
    sealer.opens('url', row.url, row.id) &&
    sealer.opens('secret', row.secret, row.id) &&
    sealer.opens('authorization', row.authorization, row.id) &&
    (!isRotating || sealer.opens('previousSecret', row.previous_secret, row.id))
  )
}
