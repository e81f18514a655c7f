/** The payload of the kind `deliver_webhook`. */
export interface DeliverWebhookPayload {
  webhook_pk: number
  /** GitHub's name of the event, such as `push`; sent as `X-GitHub-Event`. */
  event: string
  /** What happened, for the record. @default the `action` of the event's payload, if it has one */
  action?: string | null
  /**
   * The UUID by which receivers tell a repeated delivery. @default one that is derived from the
   * job and what it delivers, so that all attempts share it
   */
  guid?: string | null
  /** The event's own payload: the body of the request. @default {} */
  payload?: object | null
  /** Somebody has asked for it: the event had been delivered before. For the record. @default false */
  redelivery?: boolean | null
}
