import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { describe, it } from 'node:test'
import { checkUrl } from '../../../src/webhook/guard/url.ts'
import { answers, dialled, guard } from '../../support/webhook/guard.ts'

/** Special addresses by kind, with the first and the last address of each range. */
const SPECIAL: Record<string, string> = {
  unspecified: '0.0.0.0 0.0.0.1 0.255.255.255 ::',
  private: `10.0.0.0 10.0.0.7 10.255.255.255 172.16.0.0 172.17.0.1 172.31.255.255 192.168.0.0
    192.168.1.1 192.168.255.255 fc00:: fc00::1 fd00::1 fd00:ec2::253 fd12:3456:789a:1::1
    fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff`,
  shared: '100.64.0.0 100.100.100.200 100.127.255.255',
  loopback: '127.0.0.0 127.0.0.1 127.0.0.53 127.255.255.255 ::1',
  metadata: '168.63.129.16 fd00:ec2::254 fd20:ce::254',
  'link-local': `169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 fe80:: fe80::1
    fe80::a9fe:a9fe febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff`,
  documentation: `192.0.2.0 192.0.2.1 192.0.2.255 198.51.100.0 198.51.100.255 203.0.113.0
    203.0.113.255 2001:db8:: 2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 3fff:: 3fff::1
    3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff`,
  benchmarking: '198.18.0.0 198.18.0.1 198.19.255.255',
  multicast: `224.0.0.0 224.0.0.1 224.0.0.251 239.255.255.250 239.255.255.255 ff00:: ff02::1 ff02::fb
    ff05::2 ff0e::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff`,
  reserved: `192.0.0.0 192.0.0.8 192.0.0.170 192.0.0.192 192.0.0.255 192.88.99.0 192.88.99.1
    192.88.99.255 240.0.0.0 240.0.0.1 255.255.255.254 255.255.255.255 ::2 ::7f00:1 ::a00:7 ::808:808
    ::ffff:0:7f00:1 ::fffe:7f00:1 64:ff9a::7f00:1 64:ff9b:0:0:0:1:7f00:1 64:ff9b:1:: 64:ff9b:1::a00:7
    64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100:: 100::1 100:0:0:1::1 200::1
    1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2001:: 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
    2001:1::1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1
    2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:a00:7::1 2002:808:808::1
    2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff 4000::1 5f00:: 5f00::1
    5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff 8000::1 c000::1 e000::1 f000::1 fe00::1
    fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0::1 feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff`,
}

/** Neighbours of special ranges, and well-known services. */
const PUBLIC = `1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0
  126.255.255.255 128.0.0.0 140.82.112.3 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0
  172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.88.98.255 192.88.100.0
  192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255
  203.0.114.0 223.255.255.255 2000:: 2000::1 2001:200:: 2001:4860:4860::8888
  2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2003::
  2606:4700:4700::1111 2a00:1450:4001:80b::200e 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:1000::
  3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff`

const refused = Object.entries(SPECIAL).flatMap(([kind, list]) =>
  spellings(list).map((address) => ({ kind, address })),
)
const permitted = spellings(PUBLIC)

/** Each address; each IPv4 address also as a mapped address and as an address of NAT64. */
function spellings(list: string): string[] {
  return list.split(/\s+/).flatMap((address) => {
    if (!isIPv4(address)) return [address]
    return [address, `::ffff:${address}`, `64:ff9b::${address}`, inHextets(address)]
  })
}

function inHextets(address: string): string {
  const [a, b, c, d] = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))
  return `0:0:0:0:0:ffff:${a}${b}:${c}${d}`
}

function urlOf(address: string): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}/`
}

describe('the guard, with its default rules', () => {
  it('is tested with enough addresses', () => {
    const counted = [refused, permitted].map((list) => list.length)
    assert.ok(counted[0]! >= 120 && counted[1]! >= 20, counted.join(' and '))
  })

  it('refuses the URL of every special address', () => {
    for (const { kind, address } of refused) {
      const { hostname } = new URL(urlOf(address))
      const message = `got ${hostname.replaceAll(/[[\]]/g, '')} (${kind})`
      assert.throws(
        () => checkUrl(urlOf(address), guard()),
        (error: Error) => error.name === 'BlockedError' && error.message.endsWith(message),
        `${address} is ${kind}`,
      )
    }
  })

  it('refuses a connection to every special address', async () => {
    for (const { kind, address } of refused) {
      await assert.rejects(dialled(guard(), address), { name: 'BlockedError' }, address)
      await assert.rejects(
        dialled(guard({}, answers([address])), 'name.example'),
        { name: 'BlockedError', message: `url: expected a host that the setting webhooks.allow permits, got name.example at ${address} (${kind})` }, // prettier-ignore
        address,
      )
    }
  })

  it('refuses a name with one special address among public ones', async () => {
    for (const { address } of refused) {
      for (const mixed of [
        [address, '8.8.8.8'],
        ['8.8.8.8', '2606:4700::1', address],
      ]) {
        // prettier-ignore
        const judged = dialled(guard({}, answers(mixed)), 'name.example')
        await assert.rejects(judged, { name: 'BlockedError' }, address)
      }
    }
  })

  it('permits every public address', async () => {
    for (const address of permitted) {
      assert.ok(checkUrl(urlOf(address), guard()), address)
      assert.deepEqual(await dialled(guard(), address), [address])
      assert.deepEqual(await dialled(guard({}, answers([address])), 'name.example'), [address])
    }
  })

  it('refuses an answer that is no address', async () => {
    for (const address of ['', 'x', '8.8.8', '8.8.8.8.', '2606::1%eth0', '[2606::1]', '08.8.8.8']) {
      const judged = dialled(guard({}, answers([address])), 'name.example')
      await assert.rejects(judged, { name: 'BlockedError', message: /\(no address\)$/ })
    }
  })

  it('fails with ENOTFOUND on an empty answer', async () => {
    await assert.rejects(dialled(guard({}, answers([])), 'name.example'), { code: 'ENOTFOUND' })
  })
})
