import type { Runtime, Webhooks } from 'helve'
import {
  deliveriesJson,
  deliveryDetailJson,
  HelveError,
  hookJson,
  hooksJson,
  newWebhookOf,
  updatedWebhookOf,
  type WebhookRecord,
} from 'helve/webhooks/github'
import type { IncomingMessage, RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { HookOwners, type HookOwner } from './hook-owners.ts'
import type { Repositories } from './repositories.ts'

// GitHub's API of webhooks: https://docs.github.com/en/rest/repos/webhooks. A real forge asks first
// who calls.

type Records = 'deliveries' | 'delivery'

/** What the API needs of its forge. */
interface Forge {
  webhooks: Pick<Webhooks, 'list' | 'get' | 'create' | 'update' | 'delete' | Records>
  publisher: Pick<Runtime['webhooks'], 'publish' | 'ping' | 'redeliver'>
  repositories: Repositories
}

interface Call extends Forge {
  owner: HookOwner
  /** The hook in the path. */
  id: number
  /** The delivery in the path. */
  delivery: number
  /** The URL of the owner's hooks. */
  url: string
  query: URLSearchParams
  body: unknown
}

type Answer = [status: number, body?: object, headers?: Record<string, string>]

const ROUTES: Record<string, (call: Call) => Promise<Answer>> = {
  'GET /hooks': async ({ webhooks, owner, url }) => {
    const hooks = (await webhooks.list()).filter(({ target }) => owner.has(target))
    return [200, hooksJson(hooks, url)]
  },
  'POST /hooks': async (call) => {
    const { webhooks, publisher, owner, body, url } = call
    const id = await webhooks.create({ ...newWebhookOf(body), target: owner.target })
    await publisher.ping(id, owner.about)
    return [201, hookJson(await hookOf({ ...call, id }), url)]
  },
  'GET /hooks/:id': async (call) => [200, hookJson(await hookOf(call), call.url)],
  'PATCH /hooks/:id': async (call) => {
    await call.webhooks.update(call.id, updatedWebhookOf(call.body, await hookOf(call)))
    return [200, hookJson(await hookOf(call), call.url)]
  },
  'DELETE /hooks/:id': async (call) => {
    await call.webhooks.delete((await hookOf(call)).id)
    return [204]
  },
  'POST /hooks/:id/pings': async (call) => {
    await call.publisher.ping((await hookOf(call)).id, call.owner.about)
    return [204]
  },
  'POST /hooks/:id/tests': async (call) => {
    const { id, events } = await hookOf(call)
    const payload = await call.owner.newestPush()
    // As with GitHub, a hook without pushes gets nothing, and the answer is the same.
    const isWanted = events.includes('push') || events.includes('*')
    if (payload && isWanted) await call.publisher.publish('push', { hook: id, payload })
    return [204]
  },
  'GET /hooks/:id/deliveries': async (call) => {
    const hook = await hookOf(call)
    const { deliveries, next } = await pageOf(call)
    const link = `<${call.url}/${hook.id}/deliveries?cursor=${next}>; rel="next"`
    return [200, deliveriesJson(deliveries, hook), next === undefined ? {} : { link }]
  },
  'GET /hooks/:id/deliveries/:id': async (call) => {
    const hook = await hookOf(call)
    const record = await call.webhooks.delivery(hook.id, call.delivery)
    return record === undefined ? NOT_FOUND : [200, deliveryDetailJson(record, hook)]
  },
  'POST /hooks/:id/deliveries/:id/attempts': async (call) => {
    const record = await call.webhooks.delivery((await hookOf(call)).id, call.delivery)
    const again = record && (await call.publisher.redeliver(record.id))
    return again === undefined ? NOT_FOUND : [202, {}]
  },
}

const NOT_FOUND: Answer = [404, { message: 'Not Found' }]

/** Serves the hooks of repositories and of the organisation. */
export function hooksApi(forge: Forge): RequestListener {
  const owners = new HookOwners(forge.repositories)
  return (request, response) => {
    const answering = answerTo(request, forge, owners).catch(refusal)
    void answering.then(([status, body, headers]) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(body && JSON.stringify(body))
    })
  }
}

async function answerTo(
  request: IncomingMessage,
  forge: Forge,
  owners: HookOwners,
): Promise<Answer> {
  const { method, url = '/', headers } = request
  const { pathname, searchParams: query, origin } = new URL(url, `http://${headers.host}`)
  const [, of = '', path = ''] = /^(.+?)(\/hooks(?:\/.*)?)$/.exec(pathname) ?? []
  const route = ROUTES[`${method} ${path.replaceAll(/\/\d+/g, '/:id')}`]
  const owner = owners.at(of)
  if (route === undefined || owner === undefined) return NOT_FOUND
  const [id = 0, delivery = 0] = (path.match(/\d+/g) ?? []).map(Number)
  const body = JSON.parse((await text(request)) || '{}') as unknown
  return route({ ...forge, owner, id, delivery, url: `${origin}${of}/hooks`, query, body })
}

/** The hook in the path, unless the hook belongs to another owner. */
async function hookOf({ webhooks, owner, id }: Call): Promise<WebhookRecord> {
  const hook = await webhooks.get(id)
  if (hook === undefined || !owner.has(hook.target)) throw new NoSuchHook()
  return hook
}

/** A page of the records of the hook in the path. */
function pageOf({ webhooks, id, query }: Call) {
  const cursor = query.get('cursor')
  const limit = Number(query.get('per_page') ?? 30)
  return webhooks.deliveries({ hook: id, limit, ...(cursor && { before: Number(cursor) }) })
}

class NoSuchHook extends Error {}

function refusal(error: unknown): Answer {
  if (error instanceof NoSuchHook) return NOT_FOUND
  if (error instanceof SyntaxError || error instanceof URIError) {
    return [400, { message: error.message }]
  }
  // A mistake of the caller, which the message names.
  if (error instanceof HelveError && error.code === 'HELVE_ERR_OPTION') {
    return [422, { message: error.message }]
  }
  return [500, { message: String(error) }]
}
