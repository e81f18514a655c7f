import type { Database } from 'better-sqlite3'
import type { PullRequest } from './pull-requests.ts'

type Decision = PullRequest['review_decision']

export interface Review {
  issue_pk: number
  reviewer: string
  verdict: 'approved' | 'changes_requested'
}

export interface Check {
  issue_pk: number
  name: string
  conclusion: 'success' | 'failure'
}

/** Reviews and checks of pull requests, and the decision that follows from them. */
export class Reviews {
  readonly #statements

  constructor(db: Database) {
    this.#statements = prepare(db)
  }

  submit(review: Review): void {
    this.#statements.submit.run(review)
  }

  /** Replaces an earlier check of the same name. */
  recordCheck(check: Check): void {
    this.#statements.recordCheck.run(check)
  }

  async recomputeReviewDecision(issuePk: number): Promise<{ decision: Decision }> {
    const verdicts = this.#statements.verdicts.all(issuePk)
    const failed = this.#statements.failedChecks.get(issuePk) as number
    const decision = decide(verdicts, failed)
    this.#statements.setDecision.run(decision, issuePk)
    return { decision }
  }
}

function decide(verdicts: Review['verdict'][], failedChecks: number): Decision {
  if (verdicts.includes('changes_requested')) return 'changes_requested'
  if (verdicts.length === 0) return 'review_required'
  return failedChecks > 0 ? 'checks_failing' : 'approved'
}

function prepare(db: Database) {
  return {
    submit: db.prepare<Review>(`
      INSERT INTO reviews (issue_pk, reviewer, verdict)
      VALUES (@issue_pk, @reviewer, @verdict)`),
    recordCheck: db.prepare<Check>(`
      INSERT INTO checks (issue_pk, name, conclusion) VALUES (@issue_pk, @name, @conclusion)
      ON CONFLICT DO UPDATE SET conclusion = excluded.conclusion`),
    // Each reviewer's newest verdict: SQLite takes a bare column from the row of the maximum.
    verdicts: db
      .prepare<[number], Review['verdict']>(
        'SELECT verdict, max(pk) FROM reviews WHERE issue_pk = ? GROUP BY reviewer',
      )
      .pluck(),
    failedChecks: db
      .prepare<[number], number>(
        `SELECT count(*) FROM checks WHERE issue_pk = ? AND conclusion <> 'success'`,
      )
      .pluck(),
    setDecision: db.prepare('UPDATE pull_requests SET review_decision = ? WHERE pk = ?'),
  }
}
