import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Params } from '../../setup.ts'

type Trial = (params: Params) => Promise<Record<string, number>>

/** Set in a process that runs in a namespace of its own. */
const INSIDE = 'HELVE_BENCH_NAMESPACE'

const SETUP = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"'

/**
 * Runs a trial in a process with network and mounts of its own, where the one name server never
 * answers. Resolves to no figures where the machine allows no namespaces: that takes root and Linux.
 */
export function withSilentNames(trial: Trial): Trial {
  return async (params) => {
    if (process.env[INSIDE] === undefined) return outside()
    const server = createSocket('udp4').bind(53, '127.0.0.1')
    await once(server, 'listening')
    try {
      return await trial(params)
    } finally {
      server.close()
    }
  }
}

async function outside(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  try {
    const resolv = join(folder, 'resolv.conf')
    writeFileSync(resolv, 'nameserver 127.0.0.1\n')
    const command = ['--net', '--mount', 'sh', '-c', SETUP, resolv, process.execPath]
    const child = spawn('unshare', [...command, ...process.argv.slice(1)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, [INSIDE]: '1' },
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
    const [code] = (await once(child, 'close')) as [number]
    if (code === 0) return JSON.parse(text) as Record<string, number>
    process.stderr.write('no namespaces here: the trial with silent name servers is left out\n')
    return {}
  } finally {
    rmSync(folder, { recursive: true })
  }
}
