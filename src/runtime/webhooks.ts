import type { Coordinator } from '../coordinator/coordinator.ts'
import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from '../job/check.ts'
import type {
  Publication,
  Published,
  PublishedDelivery,
  RedeliveryQuery,
} from '../job/publication.ts'
import type { WebhookReader } from '../job/webhook-desk.ts'
import { newPublication } from '../run/new-publication.ts'
import type { Store } from '../store/store.ts'
import type { QueueClock } from '../store/timeline.ts'
import { pingPayload } from '../webhook/ping.ts'
import { checkId } from './admin.ts'

/** Most deliveries that one call sends again. */
const MOST_REDELIVERED = 1_000

interface WebhooksParts {
  store: Store & WebhookReader
  coordinator: Coordinator
  clock: Pick<QueueClock, 'now' | 'timeOf'>
  /** @throws HelveError `HELVE_ERR_CLOSED` */
  checkOpen: () => void
  /** Called for each publication that has been accepted. */
  onPublication: () => void
}

/**
 * Events for webhooks: `runtime.webhooks`. The hooks themselves, and the records of their deliveries,
 * are those of the store.
 *
 * @typeParam S the store, which says what {@link publishIn} takes and returns
 */
export class RuntimeWebhooks<S extends Store> {
  readonly #parts: WebhooksParts

  constructor(parts: WebhooksParts) {
    this.#parts = parts
  }

  /**
   * Delivers an event to each hook that belongs to one of the targets and subscribes to the event or
   * to `*`. The body is frozen, and kept once. Each hook gets one delivery, as a job of the kind
   * `deliver_webhook`; all deliveries have one GUID. An event whose GUID has been published before
   * makes nothing new.
   *
   * A delivery is recorded as not sent when its hook is inactive, when the body has more than 25 MB,
   * and when 10,000 deliveries of the hook wait already.
   *
   * @param event GitHub's name of the event, such as `push`
   * @returns after the commit, as durable as `runtime.enqueue`: what the event has become for each
   *   hook
   * @throws HelveError (as a rejection; nothing is written) `HELVE_ERR_OPTION`, `HELVE_ERR_PAYLOAD`,
   *   `HELVE_ERR_CLOSED`, `HELVE_ERR_STORE_*`
   */
  async publish(event: string, publication: Publication): Promise<Published> {
    this.#parts.checkOpen()
    const made = newPublication(event, publication)
    this.#parts.onPublication()
    return this.#parts.coordinator.command({ type: 'publish', publication: made })
  }

  /**
   * As {@link publish}, in the transaction that is open on `connection`: the event is published or
   * rolled back with that transaction. See `runtime.enqueueIn`.
   */
  publishIn(
    connection: Parameters<S['publishIn']>[0],
    event: string,
    publication: Publication,
  ): ReturnType<S['publishIn']> {
    const { store, clock, checkOpen, onPublication } = this.#parts
    checkOpen()
    const made = newPublication(event, publication)
    onPublication()
    return store.publishIn(connection, made, clock.now()) as ReturnType<S['publishIn']>
  }

  /**
   * Sends GitHub's `ping` to one hook, once, whether the hook is active or not. A ping that succeeds
   * makes a hook active again that helve has disabled.
   *
   * @param about further fields of the payload, such as `repository` and `sender`
   * @returns undefined when there is no such hook
   */
  async ping(hook: number, about: object = {}): Promise<Published | undefined> {
    const { store, coordinator, checkOpen, onPublication } = this.#parts
    checkOpen()
    if (typeof about !== 'object' || about === null || Array.isArray(about)) {
      throw badOption('about', 'an object', about)
    }
    const found = await store.getWebhook(checkInteger(hook, 'hook', 1, Number.MAX_SAFE_INTEGER))
    if (found === undefined) return undefined
    const payload = pingPayload(found, about)
    const publication = newPublication('ping', { hook, payload })
    onPublication()
    return coordinator.command({ type: 'publish', publication })
  }

  /**
   * Delivers the event of an earlier attempt again: with the same GUID and the same body, to the
   * present URL and with the present secrets. The delivery has one attempt.
   *
   * @param delivery the id of a record, as `store.webhooks.deliveries` lists them
   * @returns undefined when there is no such record, when its hook was deleted, or when the body is not
   *   kept: it is kept for events that were published, for as long as their records; `notSent` when the
   *   hook is inactive, or 10,000 of its deliveries wait
   */
  redeliver(delivery: number): Promise<PublishedDelivery | undefined>
  /**
   * Delivers earlier events of a hook again, the oldest first. The limits of the hook's kind pace the
   * deliveries. An event that a job still tries to deliver is left out.
   */
  redeliver(query: RedeliveryQuery): Promise<PublishedDelivery[]>
  async redeliver(
    which: number | RedeliveryQuery,
  ): Promise<PublishedDelivery | PublishedDelivery[] | undefined> {
    const { coordinator, checkOpen, onPublication } = this.#parts
    checkOpen()
    if (typeof which === 'number') {
      const attempt = checkId(which)
      onPublication()
      return (await coordinator.command({ type: 'redeliver', attempt })) ?? undefined
    }
    const query = this.#checked(which)
    onPublication()
    return coordinator.command({ type: 'redeliverAll', query })
  }

  /** The query with its defaults, and with moments of the queue. */
  #checked(query: RedeliveryQuery): Required<RedeliveryQuery> {
    checkKeys(query, 'query', ['hook', 'from', 'to', 'outcome', 'limit'])
    const { hook, from = 0, to, outcome = 'undelivered', limit = MOST_REDELIVERED } = query
    const { clock } = this.#parts
    checkInteger(hook, 'hook', 1, Number.MAX_SAFE_INTEGER)
    checkNumber(from, 'from', 0, Number.MAX_SAFE_INTEGER)
    if (to !== undefined) checkNumber(to, 'to', 0, Number.MAX_SAFE_INTEGER)
    if (to !== undefined && to < from) throw badOption('to', `a time from ${from} on`, to)
    return {
      hook,
      from: clock.timeOf(from),
      to: to === undefined ? Number.MAX_SAFE_INTEGER : clock.timeOf(to),
      outcome: checkOneOf(outcome, 'outcome', ['undelivered', 'delivered', 'any']),
      limit: checkInteger(limit, 'limit', 1, MOST_REDELIVERED),
    }
  }
}
