export { Runtime } from './runtime/runtime.ts'
export type { LaneOptions } from './runtime/lane-options.ts'
export type { RuntimeOptions } from './runtime/options.ts'
export { StoreEnqueuer, type Enqueuer } from './store-enqueuer.ts'
export type { Explanation } from './coordinator/explain.ts'
export type { EnqueuedEvent, JobRef } from './event-data.ts'
export type { AnyEvent, RuntimeEvents } from './events.ts'
export type { Stopped } from './runtime/lifecycle.ts'
export type { Schema, SchemaIssue, SchemaResult } from './job/schema.ts'

export type { CheckResult } from './store/sqlite/check.ts'
export type { HostConnection } from './store/sqlite/host-connection.ts'
export { SqliteStore, type SqliteStoreOptions } from './store/sqlite/sqlite-store.ts'
export type { WebhookKey } from './store/rules/seal-keys.ts'
export type { WebhookOptions } from './store/sqlite/webhook-options.ts'
export type { GuardOptions, PortEntry } from './job/webhook-guard.ts'
export { Webhooks } from './store/sqlite/webhooks.ts'
export type { Delivery, DeliveryPage, DeliveryQuery } from './store/delivery-query.ts'
export type { DeliveryPruner } from './store/deliveries.ts'
export type { Counts, ListQuery, Page } from './store/inspection.ts'
export type { JobStore, RunStore, Store } from './store/store.ts'

export {
  deliveryRetention,
  runDeliveryRetention,
  type DeliveryRetentionOptions,
  type RetentionClock,
} from './webhook/retention.ts'
export { deliverWebhookPolicy, type DeliverySchedule } from './webhook/schedule.ts'

export {
  HelveError,
  PermanentError,
  RetryAfterError,
  UnreachableError,
  type HelveErrorCode,
} from './job/errors.ts'
export type { BackoffFunction, BackoffOptions } from './job/backoff.ts'
export type { Breaker, BreakerOptions } from './job/breaker.ts'
export type {
  AttemptOutcome,
  AttemptTimings,
  DeliveryClass,
  DeliveryRecord,
  LastResponse,
  Webhook,
  WebhookChange,
  WebhookRecord,
} from './job/delivery.ts'
export type { Handler, HandlerContext, Job, Logger } from './run/handler.ts'
export type {
  ClaimedJob,
  EnqueueResult,
  JobError,
  JobRecord,
  JobState,
  NewJob,
  RecordedError,
} from './job/job.ts'
export type { JsonPayload } from './job/json-type.ts'
export type { Payloads, Rest, Submission } from './job/kinds.ts'
export type { Charge, Move } from './job/outcome.ts'
export type { Pause, PauseTarget } from './job/pause.ts'
export type {
  NotSent,
  Publication,
  Published,
  PublishedDelivery,
  RedeliveryQuery,
} from './job/publication.ts'
export type { NewWebhook, WebhookTarget } from './job/webhook.ts'
export type { RuntimeWebhooks } from './runtime/webhooks.ts'
export type { GroupOf } from './job/group.ts'
export type { KindOptions } from './job/policy.ts'
export type { Rate } from './job/rate.ts'
export type { EnqueueOptions } from './job/submission.ts'
