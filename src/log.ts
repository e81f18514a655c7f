import type { Events, RuntimeEvents } from './events.ts'
import type { HostLogger } from './host-logger.ts'

/** Turns events into lines of the host's log. Nothing else in helve logs. */
export function logEvents(events: Events, logger: HostLogger): void {
  const line = <E extends keyof RuntimeEvents>(
    event: E,
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields: (data: RuntimeEvents[E]) => object,
  ): void => {
    // An event that nobody listens to costs nothing: do not listen for a line that is not printed.
    if (!logger.isLevelEnabled(level)) return
    events.on(event, (data) => logger[level](fields(data), message))
  }
  line('enqueued', 'debug', 'job enqueued', ({ id, kind, deduped }) => ({ job: id, kind, deduped }))
  line('started', 'debug', 'job started', ({ job }) => of(job))
  line('completed', 'debug', 'job completed', ({ job, durationMs, rerun }) => ({
    ...of(job),
    durationMs,
    rerun,
  }))
  line('retrying', 'warn', 'job failed, and is retried', ({ job, error, runAt, durationMs }) => ({
    ...of(job),
    error,
    runAt: new Date(runAt).toISOString(),
    durationMs,
  }))
  line('dead', 'error', 'job is dead', ({ job, error }) => ({ ...of(job), error }))
  line('lost', 'warn', 'job was lost, and runs again', ({ job, reason, crashes }) => ({
    ...of(job),
    reason,
    crashes,
  }))
  line('released', 'info', 'job was interrupted, and runs again', ({ job, reason }) => ({
    ...of(job),
    reason,
  }))
  line('snoozed', 'debug', 'job asked for a later run', ({ job, runAt }) => ({
    ...of(job),
    runAt: new Date(runAt).toISOString(),
  }))
  line('cancelled', 'info', 'job is cancelled', ({ job }) => of(job))
  line('paused', 'info', 'no more is claimed', ({ target, by }) => ({ ...target, by }))
  line('resumed', 'info', 'is claimed again', ({ target }) => target)
  line(
    'lane:narrow',
    'warn',
    'several kinds share a lane with one slot: a slow job of one holds up all the others',
    (data) => data,
  )
  line('drained', 'debug', 'nothing is due, and nothing runs', () => ({}))
  line(
    'unowned',
    'warn',
    'jobs are accepted, and nobody runs them: call run() here, or in another process',
    ({ since }) => ({ since: new Date(since).toISOString() }),
  )
  line('stuck', 'error', 'job does not end', ({ job, reason }) => ({ ...of(job), reason }))
  line('stale', 'warn', 'end of a run is dropped: it is late', ({ job }) => of(job))
  line('thread:up', 'debug', 'thread is up', (data) => data)
  line('thread:down', 'warn', 'thread is down', (data) => data)
  line('thread:stalled', 'warn', 'thread is stalled', ({ lane, thread, job, heldMs }) => ({
    ...{ lane, thread, heldMs },
    ...(job && of(job)),
  }))
  line('thread:resumed', 'info', 'thread goes on', (data) => data)
  line('error', 'error', 'helve failed', ({ error, during }) => ({ err: error, during }))
}

function of({ id, kind, attempt }: RuntimeEvents['started']['job']): object {
  return { job: id, kind, attempt }
}
