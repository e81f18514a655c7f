import { createSecretKey, type KeyObject } from 'node:crypto'
import { badOption } from '../../job/check.ts'
import { HelveError } from '../../job/errors.ts'

/** 32 bytes, or their base64 or hexadecimal digits: `openssl rand -base64 32` makes one. */
export type WebhookKey = Uint8Array | string

/** One key, or several: the first one seals, all of them open. */
export type WebhookKeys = WebhookKey | readonly WebhookKey[]

/** Keys, or the function that gives them. */
export type GivenKeys = WebhookKeys | (() => WebhookKeys | Promise<WebhookKeys>)

const KEY_BYTES = 32
const EXPECTED = `${KEY_BYTES} bytes, or their base64 or hexadecimal digits`

/**
 * The keys that the options give.
 *
 * @throws HelveError `HELVE_ERR_OPTION`, whose message shows nothing of a key; also for a key that
 *   is undefined: a variable that is not set must not mean that secrets are written in clear
 */
export async function sealKeys(options: { key?: GivenKeys } = {}): Promise<KeyObject[]> {
  if (!('key' in options)) return []
  const given: unknown = typeof options.key === 'function' ? await asked(options.key) : options.key
  const keys = Array.isArray(given) ? (given as unknown[]) : [given]
  if (keys.length === 0) throw badOption('webhooks.key', 'at least one key', given)
  return keys.map(keyOf)
}

async function asked(key: () => WebhookKeys | Promise<WebhookKeys>): Promise<WebhookKeys> {
  try {
    return await key()
  } catch (cause) {
    const problem = 'webhooks.key: expected a function that gives a key, got one that fails'
    throw new HelveError('HELVE_ERR_OPTION', problem, { cause })
  }
}

function keyOf(given: unknown): KeyObject {
  const bytes = typeof given === 'string' ? bytesOf(given) : given
  if (bytes instanceof Uint8Array && bytes.length === KEY_BYTES) return createSecretKey(bytes)
  throw new HelveError('HELVE_ERR_OPTION', `webhooks.key: expected ${EXPECTED}, got ${told(given)}`)
}

/** No text of 64 digits is the base64 of 32 bytes, so that the two forms cannot be confused. */
function bytesOf(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

/** Shows no more of a key than its length. */
function told(given: unknown): string {
  if (typeof given === 'string') return `a text of ${given.length} characters`
  if (given instanceof Uint8Array) return `${given.length} bytes`
  return given === null ? 'null' : `a value of type ${typeof given}`
}
