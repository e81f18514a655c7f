import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'
import { HelveError } from '../../job/errors.ts'

/** The fields of a webhook that the store seals. */
export type SealedField = 'url' | 'secret' | 'previousSecret' | 'authorization'

const PREFIX = 'helve:1:'
const ALGORITHM = 'aes-256-gcm'
/** NIST SP 800-38D, section 8.2: the length of a random nonce, and of a whole tag. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals values that must not lie in a file in clear, and opens them again. Without keys, it seals
 * nothing.
 *
 * A sealed text is `helve:1:` and, in base64url, nonce, ciphertext and tag of AES-256-GCM. The text
 * is bound to the name of its field, and not to the id of its hook: a new hook has no id before it
 * is written. Whoever can write the file can give a hook another URL anyway.
 */
export class Sealer {
  readonly #keys: readonly KeyObject[]

  /** @param keys the first one seals, all of them open */
  constructor(keys: readonly KeyObject[]) {
    this.#keys = keys
  }

  seal<T extends string | null>(field: SealedField, text: T): T | string {
    const [key] = this.#keys
    if (text === null || key === undefined) return text
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(boundTo(field))
    const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return PREFIX + Buffer.concat(sealed).toString('base64url')
  }

  /**
   * The text in clear. A value that was stored before there was a key is in clear already.
   *
   * @throws HelveError `HELVE_ERR_OPTION` without the key that sealed the value,
   *   `HELVE_ERR_STORE_CORRUPT` for a value that is too short or that a newer helve sealed; the
   *   message has the remedy, and nothing of the value
   */
  open<T extends string | null>(field: SealedField, stored: T, webhook: number): T | string {
    if (stored === null || !isSealed(stored)) return stored
    const what = `the ${field} of webhook ${webhook}`
    if (this.#keys.length === 0) throw noKey(what)
    const sealed = sealedBytes(stored, what)
    for (const key of this.#keys) {
      const text = opened(field, sealed, key)
      if (text !== undefined) return text
    }
    throw noKeyOpens(what)
  }

  /** The value, sealed by the newest key. A value that no key opens stays as it is. */
  reseal<T extends string | null>(field: SealedField, stored: T, webhook: number): T | string {
    return this.opens(field, stored, webhook)
      ? this.seal(field, this.open(field, stored, webhook))
      : stored
  }

  opens(field: SealedField, stored: string | null, webhook: number): boolean {
    try {
      this.open(field, stored, webhook)
      return true
    } catch {
      return false
    }
  }
}

/** Whether a helve of any version sealed the value. */
function isSealed(stored: string): boolean {
  return /^helve:\d+:/.test(stored)
}

function boundTo(field: SealedField): Buffer {
  return Buffer.from(PREFIX + field)
}

function sealedBytes(stored: string, what: string): Buffer {
  if (!stored.startsWith(PREFIX)) throw damaged(what, 'one that a newer helve sealed')
  const bytes = Buffer.from(stored.slice(PREFIX.length), 'base64url')
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw damaged(what, 'a damaged one: set it anew')
  return bytes
}

/** Undefined for a text that another key sealed, and for a damaged text: the two look the same. */
function opened(field: SealedField, sealed: Buffer, key: KeyObject): string | undefined {
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES))
  decipher.setAAD(boundTo(field)).setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function noKey(what: string): HelveError {
  const problem = `webhooks.key: expected the key that sealed ${what}, got none`
  return new HelveError('HELVE_ERR_OPTION', `${problem}: open the store with webhooks: { key }`)
}

function noKeyOpens(what: string): HelveError {
  return new HelveError(
    'HELVE_ERR_OPTION',
    `webhooks.key: expected the key that sealed ${what}, got none that opens it: ` +
      'add it behind the newest, webhooks: { key: [newest, older] }, or set the value anew',
  )
}

function damaged(what: string, came: string): HelveError {
  return new HelveError('HELVE_ERR_STORE_CORRUPT', `${what}: expected a sealed value, got ${came}`)
}
