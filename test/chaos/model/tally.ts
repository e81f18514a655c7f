/** Things that the sequences have to bring about: otherwise they have not tested them. */
const THINGS = [
  ...['commands', 'turns', 'folded into a queued job', 'folded into a running job'],
  ...['folded into a job that waits for its retry', 'a moment has come', 'filed'],
  ...['refused: its key is held by another kind', 'a follow-up was refused'],
  ...['completed: completed', 'completed: again', 'failed: queued', 'failed: dead'],
  ...['failed: again', 'timedOut: queued', 'timedOut: dead', 'timedOut: again', 'lost: queued'],
  ...['lost: dead', 'lost: again', 'snoozed: queued', 'snoozed: dead', 'snoozed: again'],
  ...['released: queued', 'released: again', 'cancelled: dead', 'cancelled: again'],
  ...['settled late, twice or by forgery', 'a turn was cut short'],
  ...['put off: another job runs whose next crash would be its last'],
  ...['cancelled while it is queued', 'cancelled while it is running', 'retried', 'discarded'],
  ...['not retried: its key is held', 'paused: a lane', 'paused: a kind', 'paused: a group'],
  ...['crashed with running jobs', 'crashed in a turn', 'stopped', 'the clock was set forward'],
  ...['the clock was set back', 'due, and without a slot', 'once: one job'],
  ...['once: nothing runnable', 'once: waits for room'],
]

/** How often something happened, over all sequences. */
export class Tally {
  readonly counts: Record<string, number> = Object.fromEntries(THINGS.map((thing) => [thing, 0]))

  saw(thing: string): void {
    this.counts[thing] = (this.counts[thing] ?? 0) + 1
  }
}
