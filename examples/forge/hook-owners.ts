import type { WebhookTarget } from 'helve'
import { about, ORGANIZATION, ORGANIZATION_TARGET, repositoryTarget } from './events.ts'
import { headBranch, headCommit, type Repositories, type Repository } from './repositories.ts'

/** A repository or an organisation, as an owner of hooks. */
export interface HookOwner {
  target: WebhookTarget
  /** What a ping tells of the owner. */
  about: object
  /** Whether a hook with this target belongs to the owner. */
  has(target: WebhookTarget | null): boolean
  /** The payload of a push that made HEAD what it is; undefined when there is none. */
  newestPush(): Promise<object | undefined>
}

/** The owners of hooks, by their paths in the API. */
export class HookOwners {
  readonly #repositories: Repositories

  constructor(repositories: Repositories) {
    this.#repositories = repositories
  }

  /** The owner at `/repos/forge/<name>` or `/orgs/forge`; undefined when there is none. */
  at(path: string): HookOwner | undefined {
    const [place, login, name, ...rest] = path.split('/').slice(1).map(decodeURIComponent)
    if (login !== ORGANIZATION.login || rest.length > 0) return undefined
    if (place === 'orgs' && name === undefined) return organization()
    const repository = place === 'repos' ? this.#repositories.named(name ?? '') : undefined
    return repository && ownerOf(repository)
  }
}

function organization(): HookOwner {
  return { ...owner(ORGANIZATION_TARGET, { organization: ORGANIZATION }), newestPush: nothing }
}

function ownerOf(repository: Repository): HookOwner {
  const newestPush = () => newestPushOf(repository)
  return { ...owner(repositoryTarget(repository), about(repository)), newestPush }
}

function owner(target: WebhookTarget, about: object): Omit<HookOwner, 'newestPush'> {
  const has = (other: WebhookTarget | null): boolean =>
    other?.type === target.type && other.id === target.id
  return { target, about, has }
}

async function nothing(): Promise<undefined> {}

async function newestPushOf(repository: Repository): Promise<object | undefined> {
  const after = await headCommit(repository.path)
  if (after === null) return undefined
  const ref = `refs/heads/${await headBranch(repository.path)}`
  return { ref, before: after, after, ...about(repository) }
}
