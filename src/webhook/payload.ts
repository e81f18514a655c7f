/** The payload of the kind `deliver_webhook`. */
export interface DeliverWebhookPayload {
  webhook_pk: number
  /** GitHub's name of the event, such as `push`; sent as `X-GitHub-Event`. */
  event: string
  /** What happened, for the record. @default the `action` of the event's payload, if it has one */
  action?: string | null
  /**
   * The UUID by which receivers recognise a repeated delivery. @default derived from the job, the
   * hook, the event and its payload, so that all attempts share the UUID
   */
  guid?: string | null
  /**
   * The delivery of an event that was published. The store then has the body, the GUID and the
   * action. @default none
   */
  delivery?: number
  /** The event's own payload: the body of the request. @default {} */
  payload?: object | null
  /**
   * True when somebody asked for this delivery of an event that had been delivered before. For the
   * record.
   * @default false
   */
  redelivery?: boolean | null
}
