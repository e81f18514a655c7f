import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { median } from './statistics.mjs'
import { jobsOf, SCENARIOS } from './trials.mjs'

/**
 * @typedef {import('./contenders.mjs').Contender} Contender
 * @typedef {import('./contenders.mjs').Scenario} Scenario
 *
 * @typedef {object} Report
 * @property {string} command
 * @property {string} date
 * @property {ReturnType<typeof import('./machine.mjs').machine>} machine
 * @property {Record<string, string>} versions
 * @property {import('./trials.mjs').Work} work
 * @property {Row[]} results
 * @property {{ name: string, reason: string }[]} skipped
 * @property {boolean} cut there was no time for all trials
 *
 * @typedef {object} Row
 * @property {Scenario} scenario
 * @property {string} name
 * @property {number} jobs
 * @property {number} median jobs a second
 * @property {number} min
 * @property {number} max
 * @property {number[]} trials
 * @property {Record<string, number>} ratios helve ÷ this
 * @property {string} handlers
 * @property {string} survives
 * @property {string} note
 */

const RESULTS = new URL('../RESULTS.md', import.meta.url)
const [START, END] = ['<!-- peers -->', '<!-- /peers -->']

/** With which the peers are compared: what is the default, and what is as durable as most peers. */
const REFERENCES = ['helve', 'helve, process']

/** @type {Record<Scenario, string>} */
const TITLES = {
  life: 'Whole life: enqueued one by one, 1,000 in flight, and run at the same time',
  drain: 'Drain: a queue that was filled before; includes the start of the workers',
}

/**
 * @param {import('./trials.mjs').Figures} figures
 * @param {import('./trials.mjs').Work} work
 * @returns {Row[]}
 */
export function rowsOf({ rates }, work) {
  const medianOf = (/** @type {string} */ name, /** @type {Scenario} */ scenario) =>
    median([...rates].find(([contender]) => contender.name === name)?.[1][scenario] ?? [])
  return SCENARIOS.flatMap((scenario) =>
    [...rates]
      .filter(([, { [scenario]: trials }]) => trials.length > 0)
      .map(([contender, { [scenario]: trials }]) => ({
        scenario,
        name: contender.name,
        jobs: jobsOf(contender, scenario, work),
        median: median(trials),
        min: Math.min(...trials),
        max: Math.max(...trials),
        trials,
        ratios: Object.fromEntries(
          REFERENCES.map((name) => [name, medianOf(name, scenario) / median(trials)]),
        ),
        handlers: contender.handlers(work.threads),
        survives: contender.survives,
        note: contender.note,
      })),
  )
}

/** @param {Report} report @returns {string} as Markdown, in Prettier's style */
export function markdown({ command, date, machine, versions, work, results, skipped, cut }) {
  const { cpu, cores, memoryGiB, fileSystem, fdatasyncMs } = machine
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const notes = new Map(results.map(({ name, note }) => [name, note]))
  return [
    `\`${command}\`, ${date.slice(0, 10)}`,
    [
      `- ${cpu}, ${cores} cores, ${memoryGiB} GiB of memory; temporary files on ${fileSystem}, where an fdatasync takes ${fdatasyncMs} ms.`,
      `- ${names.join(', ')}.`,
      `- Handlers that do nothing, payloads of ${work.payload} bytes; the contenders take turns, each trial has its own process and its own empty store. Jobs a second, median of ${work.trials} trials${cut ? ' (fewer of some: the time was up)' : ''}.`,
    ].join('\n'),
    ...SCENARIOS.flatMap((scenario) => [
      `**${TITLES[scenario]}**`,
      table(results.filter((row) => row.scenario === scenario)),
    ]),
    ...(skipped.length === 0
      ? []
      : ['Skipped:', skipped.map(({ name, reason }) => `- ${name}: ${reason}`).join('\n')]),
    'What is not compared fairly:',
    [...notes].map(([name, note]) => `- **${name}**: ${note}`).join('\n'),
  ].join('\n\n')
}

/** Puts the report into its part of RESULTS.md. @param {string} text */
export function writeResults(text) {
  const section = `${START}\n\n## Peers\n\n${text}\n\n${END}`
  const old = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : '# Benchmark results\n'
  const [from, to] = [old.indexOf(START), old.indexOf(END)]
  const next =
    from === -1 || to === -1
      ? `${old.trimEnd()}\n\n${section}\n`
      : old.slice(0, from) + section + old.slice(to + END.length)
  writeFileSync(RESULTS, next)
}

/** @param {Row[]} rows */
function table(rows) {
  const head = ['', 'jobs/s', 'min', 'max', ...REFERENCES.map((name) => `${name} ÷ it`)]
  const lines = rows.map((row) => [
    row.name,
    ...[row.median, row.min, row.max].map((value) => Math.round(value).toLocaleString('en')),
    ...REFERENCES.map((name) => ratio(row.ratios[name])),
    row.handlers,
    row.survives,
    row.jobs.toLocaleString('en'),
  ])
  const all = [[...head, 'handlers on', 'acknowledged jobs survive', 'jobs'], ...lines]
  const isNumber = (/** @type {number} */ column) => column > 0 && column < 4 + REFERENCES.length
  const widths = all[0].map((_, column) => Math.max(3, ...all.map((line) => line[column].length)))
  const rule = widths.map((width, column) =>
    isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  const padded = (/** @type {string} */ cell, /** @type {number} */ column) =>
    isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
  const [titles, ...body] = all.map((line) => line.map(padded))
  return [titles, rule, ...body].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** @param {number | undefined} value */
function ratio(value) {
  if (value === undefined || Number.isNaN(value)) return '–'
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2)
}
