import type { DeliveryClass } from '../job/delivery.ts'
import { isPermanent, read } from '../job/errors.ts'
import type { PostResponse } from './client.ts'

/** The parts of a response that decide its class. */
type Response = Pick<PostResponse, 'status' | 'headers'>

/** Codes of errors that do not pass by themselves. */
const CONFIGURATION = new Set([
  // No such name, or a name without an address.
  ...['ENOTFOUND', 'ENODATA', 'ENONAME', 'EBADNAME'],
  // The receiver speaks no TLS, or only TLS that is not safe enough.
  'EPROTO',
  // Headers that no request can carry, and responses that are not HTTP or have too long headers.
  ...['UND_ERR_INVALID_ARG', 'UND_ERR_HEADERS_OVERFLOW', 'HTTPParserError'],
  // OpenSSL's words for a refused certificate, as Node gives them:
  // https://nodejs.org/api/tls.html#x509-certificate-error-codes
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'HOSTNAME_MISMATCH'],
  ...['INVALID_CA', 'INVALID_PURPOSE', 'PATH_LENGTH_EXCEEDED', 'ERROR_IN_CERT_NOT_BEFORE_FIELD'],
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
])
const CONFIGURATION_FAMILY = /^(ERR_TLS_|ERR_SSL_|HPE_|CERT_|CRL_|UNABLE_TO_)/

/** The class of a response, or of the error if no response came. */
export function classOf(came: Response | Error): DeliveryClass {
  return came instanceof Error ? classOfError(came) : classOfStatus(came.status, came.headers)
}

/**
 * An unknown error is `temporary`: its delivery waits no longer than one whose receiver is out of
 * order.
 */
function classOfError(error: Error): DeliveryClass {
  if (isPermanent(error)) return 'never sent'
  const code = codeOf(error)
  return CONFIGURATION.has(code) || CONFIGURATION_FAMILY.test(code) ? 'configuration' : 'temporary'
}

/** The code of an error, or the name of an error without a code. */
export function codeOf(error: Error): string {
  const code = read(error, 'code')
  return typeof code === 'string' ? code : error.name
}

function classOfStatus(status: number, headers: Response['headers']): DeliveryClass {
  if (status >= 200 && status < 300) return 'ok'
  if (status === 410) return 'gone'
  if (status === 429 || (status === 503 && 'retry-after' in headers)) return 'throttled'
  return status === 408 || status === 425 || status >= 500 ? 'temporary' : 'configuration'
}

/**
 * Milliseconds from now for which a response of the class `throttled` asks; 0 when the response
 * names no time. `Retry-After` holds seconds or a date: RFC 9110, section 10.2.3.
 */
export function retryAfterOf({ headers }: Response, now: number): number {
  const value = headers['retry-after']
  if (typeof value !== 'string') return 0
  const text = value.trim()
  const after = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return after > 0 ? after : 0
}
