import type { Webhook } from '../../../src/job/delivery.ts'

/** A hook that is delivered to without a signature. */
export function webhook(more: Partial<Webhook> = {}): Webhook {
  return {
    id: 1,
    url: 'http://127.0.0.1:1/',
    secret: null,
    contentType: 'json',
    events: ['*'],
    active: true,
    insecureTls: false,
    target: null,
    createdAt: 0,
    lastResponse: null,
    ...more,
  }
}
