import { read } from './errors.ts'
import type { JobError } from './job.ts'
import { MAX_ERROR_BYTES } from './limits.ts'

/** Any thrown value as plain data. Never throws: proxies and throwing getters included. */
export function toJobError(thrown: unknown): JobError {
  const name = text(read(thrown, 'name'))
  const message = text(read(thrown, 'message'))
  const stack = text(read(thrown, 'stack'))
  const code = read(thrown, 'code')
  return {
    name: cut(name || 'Error', 128),
    message: cut(message ?? `thrown: ${described(thrown)}`, MAX_ERROR_BYTES),
    ...(stack ? { stack: cut(stack, MAX_ERROR_BYTES) } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: cut(`${code}`, 128) } : {}),
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function described(value: unknown): string {
  try {
    return typeof value === 'function' ? 'a function' : String(value)
  } catch {
    return `a value of type ${typeof value}`
  }
}

/** The beginning of a text: at most so many bytes, and no half character. */
export function cut(value: string, bytes: number): string {
  // By characters first: a message of 50 MB must not be encoded whole.
  const head = value.length > bytes ? value.slice(0, bytes) : value
  if (head.length * 3 <= bytes || Buffer.byteLength(head) <= bytes) return head.toWellFormed()
  const encoded = Buffer.from(head)
  let end = bytes
  // Not in the middle of a character: its later bytes are 10xxxxxx.
  while ((encoded[end]! & 0b1100_0000) === 0b1000_0000) end -= 1
  return encoded.toString('utf8', 0, end)
}
