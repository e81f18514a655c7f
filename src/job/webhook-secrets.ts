import { badOption } from './check.ts'

// Messages show nothing of a secret, because messages end up in logs.

// oxlint-disable-next-line eslint/no-control-regex -- these are what it is about
const CONTROL = /[\u0000-\u001f\u007f]/
/** The mask that helve and GitHub show in place of a secret. A client may write it back. */
const MASK = /^\*+$/
const SEALED = /^helve:\d+:/
/**
 * A secret of https://www.standardwebhooks.com. The base64 has its padding, because the libraries
 * of Standard Webhooks read no other base64.
 */
const STANDARD = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/
const AUTHORIZATION = /^[!-~]([ -~]{0,4094}[!-~])?$/

/**
 * The checked secret, which signs deliveries, or `null`.
 *
 * @param standard whether the secret also signs the headers of Standard Webhooks
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function checkSecret(secret: unknown, standard: boolean): string | null {
  if (secret === null) return null
  if (typeof secret !== 'string' || secret === '') {
    throw badOption('secret', 'a string that is not empty, or null', typeof secret)
  }
  if (CONTROL.test(secret)) {
    throw badOption('secret', 'a string without control characters', 'one with a line end or such')
  }
  if (!secret.isWellFormed()) throw badOption('secret', 'well-formed Unicode', 'a lone surrogate')
  if (standard && secret.startsWith('whsec_') && !standardKey(secret)) {
    throw badOption('secret', 'base64 behind whsec_', 'something else')
  }
  checkReal(secret, 'secret')
  return secret
}

/**
 * The checked value of the header `Authorization`, or `null`.
 *
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function checkAuthorization(value: unknown): string | null {
  if (value === null) return null
  if (typeof value !== 'string' || !AUTHORIZATION.test(value)) {
    const expected = 'printable ASCII characters, 4096 at most, without spaces around them, or null'
    throw badOption('authorization', expected, `a value of type ${typeof value}`)
  }
  checkReal(value, 'authorization')
  return value
}

/** The key that a secret `whsec_…` of Standard Webhooks holds; undefined for any other secret. */
export function standardKey(secret: string): Uint8Array | undefined {
  const base64 = secret.match(STANDARD)?.[1]
  return base64 ? Buffer.from(base64, 'base64') : undefined
}

function checkReal(value: string, field: string): void {
  if (MASK.test(value)) {
    throw badOption(field, 'the value itself (left out, it stays as it is)', 'what masks it')
  }
  // The store would take this value for a sealed one when it reads the value again.
  if (SEALED.test(value)) throw badOption(field, 'a value in clear', 'one that looks sealed')
}
