import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { post } from '../../../src/webhook/client.ts'
import type { GuardOptions } from '../../../src/job/webhook-guard.ts'
import { checkGuard } from '../../../src/webhook/guard/rules.ts'
import { guardOf } from '../../../src/webhook/guard/compiled.ts'

// Runs where /etc/resolv.conf names 127.0.0.53 alone, and /etc/hosts has listed.example.

/** How an attempt went, and after how many milliseconds. */
export interface Ended {
  came: string
  ms: number
}

export interface Report {
  /** Attempts to names that no server answers for, with a deadline of 1 s. */
  silent: Ended[]
  /** Attempts to names that no server answers for, which the test aborts. */
  aborted: Ended[]
  /** Deliveries meanwhile: to an address, by the hosts file, by the name server, to localhost. */
  beside: Record<'literal' | 'listed' | 'named' | 'localhost', Ended>
  /** An attempt to a name in the zone of the aborted attempts, right after the abort. */
  afterwards: Ended
  /** An attempt to a name that no server answers for, whose lookup ends before the deadline. */
  given: Ended
  /** The results for names: unknown, with one family, with a refused address, an alias. */
  answers: Record<'missing' | 'onlyIPv4' | 'mixed' | 'alias', string>
}

/** A records and AAAA records, in hexadecimal. */
const ZONE: Record<string, { 1?: string[]; 28?: string[] }> = {
  'named.example': { 1: ['7f000001'], 28: [`${'0'.repeat(31)}1`] },
  'ipv4.example': { 1: ['7f000001'] },
  'known.aborted.example': { 1: ['7f000001'], 28: [`${'0'.repeat(31)}1`] },
  'mixed.example': { 1: ['7f000001'], 28: ['fd'.padEnd(32, '0')] },
}

await answerNames()
const server = createServer((request, response) =>
  request.resume().once('end', () => response.end()),
)
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo

const silent = attempts('silent.example', 20, { timeout: 1_000 })
const controller = new AbortController()
const aborted = attempts('aborted.example', 20, { signal: controller.signal })
const given = attempt('given.example', { timeout: 30_000 })
const beside = {
  literal: await attempt('127.0.0.1'),
  listed: await attempt('listed.example'),
  named: await attempt('named.example'),
  localhost: await attempt('localhost'),
}
controller.abort()
const afterwards = await attempt('known.aborted.example', { timeout: 2_500 })
const report: Report = {
  silent: await silent,
  aborted: await aborted,
  beside,
  afterwards,
  given: await given,
  answers: {
    missing: (await attempt('missing.example')).came,
    onlyIPv4: (await attempt('ipv4.example')).came,
    mixed: (await attempt('mixed.example')).came,
    alias: (await attempt('alias.example')).came,
  },
}
process.stdout.write(JSON.stringify(report), () => process.exit())

function attempts(zone: string, count: number, more: Parameters<typeof attempt>[1]) {
  return Promise.all(Array.from({ length: count }, (_, at) => attempt(`${at}.${zone}`, more)))
}

async function attempt(
  host: string,
  { timeout = 10_000, signal = new AbortController().signal } = {},
): Promise<Ended> {
  const rules: GuardOptions = { allow: ['loopback'], ports: ['1-65535'] }
  const guard = guardOf(checkGuard(rules))
  const url = `http://${host}:${port}/`
  const started = performance.now()
  const came = await post({
    ...{ url, guard, timeout, signal, headers: {}, body: Buffer.from('{}'), insecureTls: false },
  }).then(
    ({ status }) => String(status),
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  )
  return { came, ms: Math.round(performance.now() - started) }
}

/** A name server that answers for a few names, and is silent about other names. */
async function answerNames(): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    const answer = answerTo(query)
    if (answer !== undefined) socket.send(answer, port, address)
  })
  socket.bind(53, '127.0.0.53')
  await once(socket, 'listening')
}

/** The answer to a query; undefined for silence. RFC 1035, section 4. */
function answerTo(query: Buffer): Buffer | undefined {
  const labels: string[] = []
  let at = 12
  for (; query[at] !== 0; at += query[at]! + 1) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  }
  const name = labels.join('.').toLowerCase()
  const question = query.subarray(12, at + 5)
  const type = query.readUInt16BE(at + 1) as 1 | 28
  const known = name === 'alias.example' ? ZONE['named.example'] : ZONE[name]
  if (known === undefined && name !== 'missing.example') return undefined
  const records = (known?.[type] ?? []).map((data) => record(type, Buffer.from(data, 'hex')))
  const alias = name === 'alias.example' ? [record(5, encoded('other.example'))] : []
  const answers = [...alias, ...records.map((bytes) => (alias.length > 0 ? renamed(bytes) : bytes))]
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(answers.length, 6)
  return Buffer.concat([header, question, ...answers])
}

/** A record of the name in the query. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.from('c00c000000010000003c0000', 'hex')
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

/** The same record, of the name that the alias stands for. */
function renamed(bytes: Buffer): Buffer {
  return Buffer.concat([encoded('other.example'), bytes.subarray(2)])
}

function encoded(name: string): Buffer {
  const labels = name.split('.').map((label) => `${String.fromCharCode(label.length)}${label}`)
  return Buffer.from(`${labels.join('')}\0`, 'latin1')
}
