import type { Edit } from './build.ts'
import type { ExperimentName } from './experiments.ts'

/** A build without one of its safeguards. */
export interface Mutant {
  edits: Edit[]
  /** The experiment that has to catch the mutant. */
  experiment: ExperimentName
}

/** Puts off the commit of a turn, so that what has to follow the commit comes first. */
const LATE_COMMIT: Edit = {
  file: 'src/store/sqlite/transactions.js',
  from: 'this.#statements.commit.run();',
  to: 'setImmediate(() => this.#statements.commit.run());',
}

export const MUTANTS: Record<string, Mutant> = {
  'acknowledge before commit': {
    experiment: 'kills before COMMIT',
    edits: [
      LATE_COMMIT,
      {
        file: 'src/coordinator/after-commit.js',
        from: 'this.#each(result.claimed, (job) => this.#handOff(job, now));',
        to: 'setImmediate(() => this.#each(result.claimed, (job) => this.#handOff(job, now)));',
      },
    ],
  },
  'hand-off before commit': {
    experiment: 'kills before COMMIT',
    edits: [
      LATE_COMMIT,
      {
        file: 'src/coordinator/after-commit.js',
        from: 'this.#each(mail.submissions, (one, i) => this.acknowledge(one, result.enqueued[i]));',
        to: 'setImmediate(() => this.#each(mail.submissions, (one, i) => this.acknowledge(one, result.enqueued[i])));',
      },
    ],
  },
  'no recovery at start': {
    experiment: 'kills anywhere',
    edits: [
      {
        file: 'src/runtime/lifecycle.js',
        from: 'coordinator.settled(job, ORPHANED);',
        to: 'void ORPHANED;',
      },
    ],
  },
  'refund missing': {
    experiment: 'kills anywhere',
    edits: [
      {
        file: 'src/store/rules/ending.js',
        from: `refund: charge === 'attempt' ? 0 : 1`,
        to: 'refund: 0',
      },
    ],
  },
  'swallowed settle': {
    experiment: 'busy file',
    edits: [
      {
        file: 'src/coordinator/failed-turns.js',
        from: 'mailbox.putBack({ endings, ',
        to: 'mailbox.putBack({ endings: [], ',
      },
    ],
  },
  'settle without token': {
    experiment: 'late settle',
    edits: [
      {
        file: 'src/store/sqlite/statements/settles.js',
        from: `AND token = ? + id AND state = 'running' AND rerun = 0`,
        to: `AND ? IS NOT NULL AND state = 'running' AND rerun = 0`,
      },
      {
        file: 'src/store/sqlite/statements/settles.js',
        from: `id = @id AND token = @token AND state = 'running'`,
        to: `id = @id AND state = 'running'`,
      },
    ],
  },
  'key not freed': {
    experiment: 'key of a dead job',
    edits: [
      {
        file: 'src/store/sqlite/migrations/001-jobs.js',
        from: `WHERE dedupe_key IS NOT NULL AND state <> 'dead';`,
        to: 'WHERE dedupe_key IS NOT NULL;',
      },
      {
        file: 'src/store/sqlite/statements/enqueue.js',
        from: `ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL AND state <> 'dead' DO UPDATE`,
        to: 'ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL DO UPDATE',
      },
    ],
  },
  'batch flags ignored': {
    experiment: 'batch taken back',
    edits: [
      {
        file: 'workers/entry.js',
        from: 'if (found !== Flag.waiting)',
        to: 'if (found === undefined)',
      },
    ],
  },
  'attempt recorded at its end': {
    experiment: 'kill while requests are under way',
    edits: [
      {
        file: 'src/job/open-attempt.js',
        from: 'await opener.begin(',
        to: '(() => undefined)(',
      },
    ],
  },
  'job after its delivery': {
    experiment: 'kill while requests are under way',
    edits: [
      {
        file: 'src/store/sqlite/publish.js',
        from: `
        const job = enqueue(publishing, deliveryJob(id, hook.id, { event, now, maxAttempts }));
        statements.setDeliveryJob.run(job.id, id);`,
        // In a transaction of its own, a moment later.
        to: `
    setTimeout(() => {
      const changes = new publishing.changes.constructor();
      const made = deliveryJob(id, hook.id, { event, now, maxAttempts });
      statements.setDeliveryJob.run(enqueue({ ...publishing, changes }, made).id, id);
      changes.flush(statements);
    }, 100);`,
      },
    ],
  },
}
