import type { Publication, WebhookTarget } from 'helve'
import type { Push } from './jobs.ts'
import type { PullRequest } from './pull-requests.ts'
import type { Repository } from './repositories.ts'
import type { Check, Review } from './reviews.ts'

// The events that the forge publishes for webhooks, in GitHub's shapes.

/** The arguments of a `publish`. */
export type Event = [name: string, publication: Publication]

/** The organisation that owns all repositories of the forge. */
export const ORGANIZATION = { id: 1, login: 'forge' }

export const ORGANIZATION_TARGET: WebhookTarget = { type: 'organization', id: ORGANIZATION.id }

export function repositoryTarget({ pk }: Repository): WebhookTarget {
  return { type: 'repository', id: pk }
}

/** What each payload tells of the repository. */
export function about({ pk, name }: Repository) {
  const full_name = `${ORGANIZATION.login}/${name}`
  return { repository: { id: pk, name, full_name }, organization: ORGANIZATION }
}

/** A push of one ref. The push has its guid from the hook: a second run publishes nothing new. */
export function pushed(push: Push, repository: Repository): Event {
  const { ref, before, after, guid, occurred_at } = push
  return event('push', repository, { ref, before, after, occurred_at }, guid)
}

export function opened(pullRequest: PullRequest, repository: Repository): Event {
  const payload = { action: 'opened', ...shown(pullRequest), occurred_at: Date.now() }
  return event('pull_request', repository, payload)
}

export function reviewed(pullRequest: PullRequest, repository: Repository, review: Review): Event {
  const payload = { action: 'submitted', ...shown(pullRequest), review, occurred_at: Date.now() }
  return event('pull_request_review', repository, payload)
}

export function checked(pullRequest: PullRequest, repository: Repository, check: Check): Event {
  const { name, conclusion } = check
  const check_run = { name, conclusion, pull_requests: [{ number: pullRequest.pk }] }
  const payload = { action: 'completed', check_run, occurred_at: Date.now() }
  return event('check_run', repository, payload)
}

/** The hooks of the repository and those of its organisation get the event. */
function event(name: string, repository: Repository, payload: object, guid?: string): Event {
  const targets = [repositoryTarget(repository), ORGANIZATION_TARGET]
  const publication = { targets, payload: { ...payload, ...about(repository) } }
  return [name, guid === undefined ? publication : { ...publication, guid }]
}

function shown({ pk, title, base, head }: PullRequest) {
  return {
    number: pk,
    pull_request: { number: pk, title, base: { ref: base }, head: { ref: head } },
  }
}
