import type { DeliveryRecord, Webhook } from '../job/delivery.ts'
import { MASK, maskUrl } from '../job/mask-url.ts'

type Headers = NonNullable<DeliveryRecord['responseHeaders']>

/**
 * Masks the headers that may hold secrets. A redirect commonly repeats the query of its request.
 */
export function maskHeaders<T extends Headers>(headers: T): T {
  const masked = Object.entries(headers).map(([name, value]) => {
    return [name, maskHeader(name.toLowerCase(), value)]
  })
  return Object.fromEntries(masked) as T
}

function maskHeader(name: string, value: string | string[]): string | string[] {
  if (Array.isArray(value)) return value.map((item) => maskHeader(name, item) as string)
  if (name === 'set-cookie' || name === 'authorization') return MASK
  return name === 'location' ? maskUrl(value) : value
}

/** Characters. A shorter value is not masked, because it may equal ordinary text. */
const SHORTEST_SECRET = 8

/**
 * Masks the hook's authorization and the values of its query wherever a response repeats them. Some
 * receivers answer with everything that they were sent.
 */
export class EchoMask {
  readonly #secrets: string[]

  constructor({ url, authorization }: Pick<Webhook, 'url' | 'authorization'>) {
    const texts = [authorization ?? '', ...queryValues(url)]
    const words = texts.flatMap((text) => [text, ...text.split(' ')])
    const secrets = new Set(words.filter((word) => word.length >= SHORTEST_SECRET))
    // The longest first: a shorter secret may be a part of a longer one.
    this.#secrets = [...secrets].sort((a, b) => b.length - a.length)
  }

  text(text: string): string {
    return this.#secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text)
  }

  headers(headers: Headers): Headers {
    const masked = Object.entries(headers).map(([name, value]) => {
      return [name, Array.isArray(value) ? value.map((one) => this.text(one)) : this.text(value)]
    })
    return Object.fromEntries(masked) as Headers
  }

  /** Copies the bytes only if there is something to mask. */
  bytes(bytes: Uint8Array): Uint8Array {
    if (this.#secrets.length === 0) return bytes
    const text = Buffer.from(bytes).toString('latin1')
    const masked = this.#secrets.reduce((rest, secret) => {
      return rest.replaceAll(Buffer.from(secret).toString('latin1'), MASK)
    }, text)
    return masked === text ? bytes : Uint8Array.from(Buffer.from(masked, 'latin1'))
  }
}

/** The values of a query, encoded as sent and decoded as read. */
function queryValues(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { search, searchParams } = new URL(url)
  const sent = search.slice(1).split('&')
  const raw = sent.map((pair) => pair.slice(pair.indexOf('=') + 1))
  return [...raw, ...searchParams.values()]
}
