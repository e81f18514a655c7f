import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { guardOf } from '../../../src/webhook/guard/compiled.ts'
import { checkGuard } from '../../../src/webhook/guard/rules.ts'
import { checkUrl } from '../../../src/webhook/guard/url.ts'
import { guard } from '../../support/webhook/guard.ts'

/** Whether requests may reach this address, by a literal or by the name of a host. */
function permits(allow: string[], address: string, host = address, deny: string[] = []): boolean {
  const judge = guard({ allow, deny })
  return (judge.refuseHost(host) ?? judge.refuse(host, address)) === undefined
}

describe('checkGuard', () => {
  it('fills in safe defaults', () => {
    const rules = { allow: ['external'], deny: [], ports: ['default'], resolver: 'dns' }
    assert.deepEqual(checkGuard(), rules)
    assert.deepEqual(checkGuard({}), rules)
  })

  it('gives a copy of the options, as plain data', () => {
    const allow = ['10.0.0.0/8', '*.corp.example', 'External']
    const rules = checkGuard({ allow, ports: [80, '8000-8999'], resolver: 'system' })
    assert.deepEqual(structuredClone(rules), rules)
    allow.push('0.0.0.0/0')
    assert.equal(rules.allow.length, 3)
  })

  const bad: [options: object, message: RegExp][] = [
    [{ alow: [] }, /^webhooks: expected one of allow, deny, ports, resolver, got "alow"$/],
    [{ allow: 'external' }, /^webhooks\.allow: expected an array, got "external"$/],
    [{ allow: null }, /^webhooks\.allow: expected an array, got null$/],
    [{ deny: {} }, /^webhooks\.deny: expected an array, got an object$/],
    [{ ports: 80 }, /^webhooks\.ports: expected an array, got 80$/],
    [{ resolver: 'cares' }, /^webhooks\.resolver: expected "dns" or "system", got "cares"$/],
    [{ allow: ['*'] }, /^webhooks\.allow\[0\]: expected a host name whose last label has no \*/],
    [{ allow: ['forge.*'] }, /^webhooks\.allow\[0\]: expected a host name whose last label/],
    [{ allow: ['*.e*'] }, /^webhooks\.allow\[0\]: expected a host name whose last label/],
    [{ allow: ['externl'] }, /\(such as "external"\), got "externl"$/],
    [{ deny: ['privat'] }, /\(such as "private"\), got "privat"$/],
    [{ ports: [80, 0] }, /^webhooks\.ports\[1\]: expected a port from 1 to 65535, .*, got 0$/],
    [{ ports: ['80'] }, /^webhooks\.ports\[0\]: expected a port/],
    [{ ports: ['9-8'] }, /^webhooks\.ports\[0\]: expected a port/],
    [{ ports: ['1-65536'] }, /^webhooks\.ports\[0\]: expected a port/],
    [{ ports: ['http'] }, /^webhooks\.ports\[0\]: expected a port/],
    [{ ports: [8080.5] }, /^webhooks\.ports\[0\]: expected a port/],
    [{ ports: [NaN] }, /^webhooks\.ports\[0\]: expected a port/],
    [{ ports: [null] }, /^webhooks\.ports\[0\]: expected a port/],
    [{ ports: [[80]] }, /^webhooks\.ports\[0\]: expected a port/],
    // oxlint-disable-next-line no-sparse-arrays -- that is the point
    [{ allow: ['external', , 'private'] }, /^webhooks\.allow\[1\]: expected external, .*, got undefined$/], // prettier-ignore
  ]
  for (const [options, message] of bad) {
    it(`refuses ${inspect(options)}`, () => {
      assert.throws(() => checkGuard(options), { code: 'HELVE_ERR_OPTION', message })
    })
  }

  it('refuses an entry that is neither word, address, CIDR nor host name', () => {
    const entries = [
      ...['', ' ', 'a b', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0/8'],
      ...[
        '10.1.2.3/8',
        '10.0.0.*',
        '10.*.0.7',
        '*.7',
        '*.0.0.1',
        '010.0.0.1',
        '2130706433',
        '127.1',
      ],
      ...['::/129', '::1/64', 'fe80::1%eth0', '[::1]', '::ffff:10.0.0.0/95', '::ffff:10.0.0.7/104'],
      ...[
        'https://example.com',
        'example.com:80',
        'user@example.com',
        'example.com/x',
        'a..b',
        '.a',
      ],
      ...['exa%mple', 'a'.repeat(64), 'exam~ple', 7, null, {}, ['external']],
    ]
    for (const entry of entries) {
      for (const field of ['allow', 'deny']) {
        const message = new RegExp(`^webhooks\\.${field}\\[1\\]: expected external, private, `)
        assert.throws(
          () => checkGuard({ [field]: ['private', entry] }),
          { message },
          inspect(entry),
        )
      }
    }
  })
})

describe('allow', () => {
  it('permits exactly the range of a CIDR', () => {
    // Each line: the range, the address before it, its first, its last, and the address after it.
    const ranges = `
      10.20.0.0/16       10.19.255.255    10.20.0.0     10.20.255.255      10.21.0.0
      10.0.0.7           10.0.0.6         10.0.0.7      10.0.0.7           10.0.0.8
      10.0.0.7/32        10.0.0.6         10.0.0.7      10.0.0.7           10.0.0.8
      192.168.4.0/22     192.168.3.255    192.168.4.0   192.168.7.255      192.168.8.0
      172.16.128.0/17    172.16.127.255   172.16.128.0  172.16.255.255     172.17.0.0
      127.0.0.2/31       127.0.0.1        127.0.0.2     127.0.0.3          127.0.0.4
      100.64.0.0/11      100.63.255.255   100.64.0.0    100.95.255.255     100.96.0.0
      8.8.8.0/25         8.8.7.255        8.8.8.0       8.8.8.127          8.8.8.128
      128.0.0.0/1        127.255.255.255  128.0.0.0     255.255.255.255    -
      ::ffff:10.4.0.0/112 10.3.255.255    10.4.0.0      10.4.255.255       10.5.0.0
      fd00:1::/32        fd00:0:ffff:ffff:ffff:ffff:ffff:ffff fd00:1:: fd00:1:ffff:ffff:ffff:ffff:ffff:ffff fd00:2::
      fd00:2:3:4000::/50 fd00:2:3:3fff:ffff:ffff:ffff:ffff fd00:2:3:4000:: fd00:2:3:7fff:ffff:ffff:ffff:ffff fd00:2:3:8000::
      2001:db8::7/128    2001:db8::6      2001:db8::7   2001:db8::7        2001:db8::8
      fe80::/127         fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe80:: fe80::1 fe80::2
      64:ff9b::a00:0/120 64:ff9b::9ff:ffff 64:ff9b::a00:0 64:ff9b::a00:ff  64:ff9b::a00:100`
    for (const line of ranges.trim().split('\n')) {
      const [range, before, first, last, next] = line.trim().split(/\s+/) as [string, string, string, string, string] // prettier-ignore
      for (const inside of [first, last]) assert.ok(permits([range], inside), `${range} ${inside}`)
      for (const outside of [before, next]) {
        assert.ok(outside === '-' || !permits([range], outside), `${range} ${outside}`)
      }
      if (!first.includes('.')) continue
      assert.ok(permits([range], `::ffff:${first}`) && permits([range], `::ffff:${last}`))
      assert.ok(!permits([range], `::ffff:${before}`), `${range} ::ffff:${before}`)
    }
  })

  it('permits no IPv6 address by an IPv4 range, and no IPv4 address by an IPv6 range', () => {
    assert.ok(permits(['0.0.0.0/0'], '127.0.0.1') && permits(['0.0.0.0/0'], '::ffff:127.0.0.1'))
    assert.ok(!permits(['0.0.0.0/0'], '::1'))
    assert.ok(permits(['::/0'], '::1') && !permits(['::/0'], '127.0.0.1'))
    assert.ok(!permits(['::/0'], '::ffff:127.0.0.1'))
    assert.ok(!permits(['64:ff9b::/96'], '10.0.0.7'))
  })

  it('permits the addresses of each word', () => {
    const kinds = { external: '8.8.8.8', private: '10.0.0.7', loopback: '127.0.0.1' }
    for (const word of Object.keys(kinds)) {
      for (const [kind, address] of Object.entries(kinds)) {
        assert.equal(permits([word], address), kind === word, `${word} ${address}`)
        assert.equal(permits([word.toUpperCase()], `::ffff:${address}`), kind === word)
      }
    }
    assert.ok(permits(['private'], 'fd00::1') && permits(['loopback'], '::1'))
    for (const address of [
      '169.254.169.254',
      'fd00:ec2::254',
      '100.64.0.1',
      '0.0.0.0',
      'fe80::1',
    ]) {
      assert.ok(!permits(['external', 'private', 'loopback'], address), address)
    }
    assert.ok(permits(['loopback'], '127.0.0.1', 'localhost'))
    assert.ok(permits(['127.0.0.1', '::1'], '127.0.0.1', 'localhost'))
    // `localhost` has the address ::1 too.
    assert.ok(!permits(['127.0.0.1'], '127.0.0.1', 'localhost'))
  })

  it('permits nothing when it is empty', () => {
    for (const address of ['8.8.8.8', '10.0.0.7', '::1']) assert.ok(!permits([], address))
  })

  it('permits private, shared and loopback addresses of an allowed name, for that name alone', () => {
    for (const address of ['8.8.8.8', '10.0.0.7', '127.0.0.1', '100.64.0.1', 'fd00::1', '::1']) {
      assert.ok(permits(['ci.corp.example'], address, 'ci.corp.example'), address)
      assert.ok(!permits(['ci.corp.example'], address, 'evil.example'), address)
      assert.ok(!permits(['ci.corp.example'], address), address)
    }
    for (const address of ['169.254.169.254', '168.63.129.16', '0.0.0.0', '224.0.0.1', 'fe80::1']) {
      assert.ok(!permits(['ci.corp.example'], address, 'ci.corp.example'), address)
    }
    assert.ok(permits(['ci.corp.example', '169.254.0.0/16'], '169.254.1.1', 'ci.corp.example'))
  })

  it('matches no address with a pattern of names', () => {
    for (const pattern of ['f*', '*d00*', 'fd00*']) {
      assert.ok(!permits([pattern], 'fd00::1'), pattern)
    }
  })

  it('matches host names by patterns', () => {
    const patterns: [pattern: string, yes: string[], no: string[]][] = [
      [
        'ci.example',
        ['ci.example'],
        ['xci.example', 'ci.example.evil', 'a.ci.example', 'cixexample'],
      ],
      ['CI.Example.', ['ci.example'], ['ci.exampl']],
      ['*.corp.example', ['a.corp.example', 'a.b.corp.example'], ['corp.example', 'xcorp.example', 'a.corp.example.evil']], // prettier-ignore
      ['ci-*.corp.example', ['ci-.corp.example', 'ci-7.corp.example'], ['ci-7.evil.corp.example', 'a.ci-7.corp.example']], // prettier-ignore
      ['a.*.corp.example', ['a.b.corp.example'], ['a.b.c.corp.example', 'a.corp.example']],
      ['build-*', ['build-7'], ['build-7.evil.example', 'rebuild-7']],
      ['*ci**.example', ['ci.example', 'xcix.example'], ['x.ci.example']],
      ['b\u00fccher.example', ['xn--bcher-kva.example'], ['bcher.example']],
      ['private.', ['private'], ['private.example']],
    ]
    for (const [pattern, yes, no] of patterns) {
      for (const host of yes) assert.ok(permits([pattern], '10.0.0.7', host), `${pattern} ${host}`)
      for (const host of no) assert.ok(!permits([pattern], '10.0.0.7', host), `${pattern} ${host}`)
    }
  })
})

describe('deny', () => {
  it('goes before allow', () => {
    assert.ok(!permits(['private'], '10.0.0.7', '10.0.0.7', ['10.0.0.0/24']))
    assert.ok(!permits(['private'], '::ffff:10.0.0.7', '::ffff:10.0.0.7', ['10.0.0.0/24']))
    assert.ok(!permits(['private'], '64:ff9b::a00:7', '64:ff9b::a00:7', ['10.0.0.0/24']))
    assert.ok(!permits(['external'], '64:ff9b::808:808', '64:ff9b::808:808', ['::/0']))
    assert.ok(permits(['private'], '10.0.1.0', '10.0.1.0', ['10.0.0.0/24']))
    assert.ok(!permits(['10.0.0.7'], '10.0.0.7', '10.0.0.7', ['private']))
    assert.ok(!permits(['external'], '8.8.8.8', '8.8.8.8', ['external']))
  })

  it('goes before an allowed name, and refuses names', () => {
    assert.ok(!permits(['ci.example'], '10.0.0.7', 'ci.example', ['10.0.0.7']))
    assert.ok(!permits(['*.example'], '8.8.8.8', 'evil.example', ['evil.example']))
    assert.ok(permits(['*.example'], '8.8.8.8', 'ci.example', ['evil.example']))
    assert.ok(!permits(['external'], '8.8.8.8', 'a.example', ['*']))
    assert.ok(permits(['external'], '8.8.8.8', '8.8.8.8', ['*']))
    assert.ok(!permits(['external'], '8.8.8.8', 'metadata.internal', ['metadata.*']))
  })

  it('is named in the message', () => {
    const judge = guard({ allow: ['private'], deny: ['10.0.0.0/8', 'evil.example'] })
    const message = 'url: expected a host that the setting webhooks.deny does not name, got'
    assert.throws(() => checkUrl('http://10.0.0.7/', judge), { message: `${message} 10.0.0.7 (private)` }) // prettier-ignore
    assert.throws(() => checkUrl('http://evil.example/', judge), { message: `${message} evil.example` }) // prettier-ignore
    assert.equal(judge.refuse('ci.example', '10.0.0.7')?.message, `${message} ci.example at 10.0.0.7 (private)`) // prettier-ignore
  })
})

describe('guardOf', () => {
  it('gives one guard for equal rules', () => {
    const rules = checkGuard({ allow: ['loopback'] })
    assert.equal(guardOf(rules), guardOf(rules))
    assert.equal(guardOf(structuredClone(rules)), guardOf(rules))
    assert.notEqual(guardOf(checkGuard({ allow: ['private'] })), guardOf(rules))
  })
})
