import { createHash } from 'node:crypto'
import { badOption, checkInteger } from './check.ts'
import { isGuid } from './guid.ts'
import { checkEventName, type WebhookTarget } from './webhook.ts'

/** Targets of one event. */
export const MAX_TARGETS = 100
/** Characters of an action: as many as the name of an event has. */
export const MAX_ACTION_LENGTH = 100
/** Characters of the JSON of a target. */
const MAX_TARGET_LENGTH = 200

/** An event for all webhooks of some targets. */
export interface Publication {
  /** The hooks that belong to this target get the event. Instead of `targets`. */
  target?: WebhookTarget
  /**
   * The hooks of all these targets get the event, such as those of a repository and of its
   * organisation; 100 targets at most.
   */
  targets?: readonly WebhookTarget[]
  /**
   * The id of the one hook that gets the event, whether the hook subscribes to the event or not. The
   * delivery has one attempt. Instead of `target` and `targets`.
   */
  hook?: number
  /**
   * What happened, for the record; 100 characters at most.
   * @default the `action` of the payload, if it has one that is so short
   */
  action?: string | null
  /** The body of the requests: an object that JSON brings back. */
  payload: object
  /**
   * The UUID that all hooks, all attempts and all redeliveries of the event share. An event that is
   * published twice with one GUID makes nothing new. @default a new one
   */
  guid?: string
}

/** A publication, checked: plain data. */
export interface NewPublication {
  guid: string
  event: string
  action: string | null
  /** JSON of each target, as hooks keep theirs. */
  targets: string[]
  /** Undefined for a publication with targets. */
  hook?: number
  /** The body, frozen; undefined for one that is too large to be sent. */
  json: string | undefined
  /** SHA-256 of the body, in hexadecimal: equal bodies are kept once. */
  hash: string
}

/** By which equal bodies are kept once. */
export function hashOf(json: string): string {
  return createHash('sha256').update(json).digest('hex')
}

/** Whether a value is what an event can have for its action. */
export function isAction(value: unknown): value is string {
  return isText(value) && value.length <= MAX_ACTION_LENGTH
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkAction(value: unknown): asserts value is string | null {
  if (value === null || isAction(value)) return
  throw badOption('action', `a text of at most ${MAX_ACTION_LENGTH} characters or null`, value)
}

/**
 * Checks a publication that a thread has reported. A forged hash would put another body in the place
 * of the body of a later event.
 *
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function checkPublication(value: NewPublication): void {
  const { guid, event, action, targets, hook, json, hash } = value ?? {}
  if (!isGuid(guid) || guid !== guid.toLowerCase()) {
    throw badOption('guid', 'a UUID in lower case', guid)
  }
  checkEventName(event, 'event')
  checkAction(action)
  if (!Array.isArray(targets) || targets.length > MAX_TARGETS || !targets.every(isTarget)) {
    throw badOption('targets', `an array of ${MAX_TARGETS} targets at most`, targets)
  }
  if (hook !== undefined) checkInteger(hook, 'hook', 1, Number.MAX_SAFE_INTEGER)
  if (json !== undefined && !isText(json)) throw badOption('json', 'a text', json)
  if (!isText(hash) || !HASH.test(hash)) throw badOption('hash', 'a SHA-256', hash)
  if (json !== undefined && hashOf(json) !== hash) {
    throw badOption('hash', 'the SHA-256 of the body', hash)
  }
}

const HASH = /^[0-9a-f]{64}$/

function isTarget(value: unknown): boolean {
  return isText(value) && value.length <= MAX_TARGET_LENGTH
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** Why a delivery is not sent. */
export type NotSent = 'inactive' | 'too large' | 'backlog'

/** The delivery of an event to one webhook. */
export interface PublishedDelivery {
  id: number
  webhookId: number
  /** `null` for a delivery that is sent. */
  notSent: NotSent | null
}

/** The result of a publication. */
export interface Published {
  guid: string
  /** False for an event that has been published before: nothing new was made. */
  isNew: boolean
  /** One for each hook that subscribes to the event. */
  deliveries: PublishedDelivery[]
}

/** What a delivery sends. */
export interface StoredDelivery {
  webhookId: number
  guid: string
  event: string
  action: string | null
  redelivery: boolean
  /** The frozen body: JSON. */
  body: Uint8Array
}

/** Which deliveries of a hook are to be sent again. */
export interface RedeliveryQuery {
  /** The id of the hook. */
  hook: number
  /** Epoch milliseconds: only events that were published then or later. @default the beginning */
  from?: number
  /** Epoch milliseconds: only events that were published before. @default now */
  to?: number
  /**
   * `undelivered`: events that have never been delivered, and that nothing tries to deliver any
   * more. @default 'undelivered'
   */
  outcome?: 'undelivered' | 'delivered' | 'any'
  /** The most deliveries to send again, the oldest first; 1000 at most. @default 1000 */
  limit?: number
}
