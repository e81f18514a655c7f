import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPermanent } from '../../../src/job/errors.ts'
import { post } from '../../../src/webhook/client.ts'
import { checkUrl, hostOf } from '../../../src/webhook/guard/url.ts'
import { request } from '../../support/webhook/endpoints.ts'
import { answers, dialled, guard } from '../../support/webhook/guard.ts'

const LONG = 'a'.repeat(63)

const REFUSED: [what: string, message: RegExp, urls: string[]][] = [
  [
    'another scheme',
    /^url: expected http or https, got "[a-z]+:"$/,
    [
      'ftp://example.com/',
      'file:///etc/passwd',
      'gopher://127.0.0.1:6379/_INFO',
      'ws://example.com/',
      'wss://example.com/',
      'dict://example.com:11211/stats',
      'ldap://example.com/',
      'ssh://git@example.com/',
      'unix:/var/run/docker.sock',
      'javascript:alert(1)',
      'data:text/plain,x',
      'blob:http://example.com/1',
      'about:blank',
    ],
  ],
  [
    'what is no absolute URL',
    /^url: expected an absolute http or https URL, got something else$/,
    [
      '',
      '/hook',
      'example.com',
      '//example.com/',
      'http://',
      'http:///',
      'https://?x',
      'http://#x',
      'http://exa mple.com/',
      'http://example.com:65536/',
      'http://example.com:http/',
      'http://256.1.1.1/',
      'http://1.2.3.4.5/',
      'http://0x100000000/',
      'http://[::1/',
      'http://[fe80::1%25eth0]/',
      'http://[fe80::1%eth0]/',
      'http://[2606:4700::1%2525lo]/',
      'http://[::ffff:127.0.0.256]/',
      'http://exam%00ple.com/',
    ],
  ],
  [
    'user and password',
    /^url: expected no user and password, got them$/,
    [
      'http://user@example.com/',
      'http://user:s3cret@example.com/',
      'http://:s3cret@example.com/',
      'http://@example.com/',
      'http://:@example.com/',
      'http:\\\\user@example.com/',
      'http:user@example.com/',
      'http://a%40b@example.com/',
      'http://example.com@127.0.0.1/',
      'ht\ntp://\t@example.com/',
    ],
  ],
  [
    'a fragment',
    /^url: expected no fragment, got one$/,
    ['http://example.com/#part', 'http://example.com/#', 'http://example.com/?a=1#s3cret'],
  ],
  [
    'what is no host name',
    /^url: expected a host name or an address, got "[^"]+"$/,
    [
      'http://./',
      'http://example..com/',
      'http://.example.com/',
      'http://example.com../',
      'http://localhost../',
      'http://*.example.com/',
      'http://exam~ple.com/',
      'http://exam(ple.com/',
      `http://${LONG}a.example/`,
      `http://${`${LONG}.`.repeat(4)}example/`,
    ],
  ],
  [
    'a port that is for another service',
    /^url: expected a port that the setting webhooks\.ports permits, got \d+$/,
    [
      ...[0, 1, 21, 22, 23, 25, 53, 79, 81, 110, 389, 444, 465, 587, 1023],
      ...[1433, 2049, 2222, 2375, 2379, 3306, 4369, 5432, 5672, 6000, 6379, 6443, 6667],
      ...[9200, 9300, 10080, 10250, 11211, 27017, 27018, 27019],
    ].map((port) => `http://example.com:${port}/`),
  ],
  [
    'a private address',
    /^url: expected a host that the setting webhooks\.allow permits, got \S+ \(private\)$/,
    [
      'http://10.0.0.7/',
      'https://10.0.0.7:8443/?token=s3cret',
      'HTTP://10.0.0.7',
      'http:10.0.0.7',
      'http:/10.0.0.7/',
      'http:///10.0.0.7/',
      'http:\\\\10.0.0.7\\',
      ' http://10.0.0.7/ ',
      'ht\ntp://10.\t0.0.7/',
      'http://10.0.0.7./',
      'http://10.7/',
      'http://10.0.7/',
      'http://167772167/',
      'http://167772167./',
      'http://0xa000007/',
      'http://0XA000007/',
      'http://01200000007/',
      'http://012.0.0.7/',
      'http://0000012.0.0.07/',
      'http://0xa.0x0.0x0.0x7/',
      'http://0xa.7/',
      'http://%31%30.0.0.7/',
      'http://\uff11\uff10.0.0.7/',
      'http://10\u30020\u30020\u30027/',
      'http://10\uff0e0\uff0e0\uff0e7/',
      'http://\u2460\u24ea.\u24ea.\u24ea.\u2466/',
      'http://10.0.0.\u00ad7/',
      'http://[::ffff:10.0.0.7]/',
      'http://[::ffff:a00:7]/',
      'http://[::FFFF:0A00:0007]/',
      'http://[0:0:0:0:0:ffff:10.0.0.7]/',
      'http://[64:ff9b::10.0.0.7]/',
      'http://[64:ff9b::a00:7]/',
      'http://172.16.0.1/',
      'http://192.168.0.1/',
      'http://3232235521/',
      'http://[fd00::1]/',
      'http://[fc00::]/',
    ],
  ],
  [
    'the machine itself',
    /^url: expected a host that the setting webhooks\.allow permits, got (\S+ at )?\S+ \((loopback|unspecified)\)$/,
    [
      'http://127.0.0.1/',
      'http://127.0.0.1:80\\@example.com/',
      'http://127.1/',
      'http://127.0.0.1./',
      'http://2130706433/',
      'http://0x7f000001/',
      'http://0x7f.1/',
      'http://017700000001/',
      'http://0177.0.0.1/',
      'http://\uff11\uff12\uff17.1/',
      'http://[::1]/',
      'http://[0:0:0:0:0:0:0:1]/',
      'http://[::ffff:127.0.0.1]/',
      'http://[::ffff:7f00:1]/',
      'http://[64:ff9b::127.0.0.1]/',
      'http://localhost/',
      'http://LOCALHOST:3000/',
      'http://localhost./',
      'http://api.localhost/',
      'http://a.b.localhost./',
      'http://\uff4cocalhost/',
      'http://loc\u00adalhost/',
      'http://%6cocalhost/',
      'http://0/',
      'http://0.0.0.0:8080/',
      'http://0x0/',
      'http://00.00.00.00/',
      'http://[::]/',
    ],
  ],
  [
    'other addresses that are nobody\u2019s',
    /^url: expected a host that the setting webhooks\.allow permits, got \S+ \((link-local|metadata|reserved|shared|multicast)\)$/,
    [
      'http://169.254.169.254/latest/meta-data/',
      'http://2852039166/',
      'http://0xa9fea9fe/',
      'http://0251.0376.0251.0376/',
      'http://[::ffff:169.254.169.254]/',
      'http://[fe80::1]/',
      'http://168.63.129.16/',
      'http://[fd00:ec2::254]/',
      'http://100.100.100.200/',
      'http://[::10.0.0.7]/',
      'http://[2002:a00:7::]/',
      'http://[2001:0:a00:7::]/',
      'http://224.0.0.1/',
      'http://255.255.255.255/',
    ],
  ],
]

/** Permitted URLs, each with the host to connect to. */
const PERMITTED: [url: string, host: string][] = [
  ['http://example.com', 'example.com'],
  ['https://example.com/hook?token=1', 'example.com'],
  ['HTTPS://EXAMPLE.com/', 'example.com'],
  ['http://example.com./hook', 'example.com'],
  ['http://example.com:80/', 'example.com'],
  ['https://example.com:443/', 'example.com'],
  ['http://example.com:443/', 'example.com'],
  ['http://example.com:1024/', 'example.com'],
  ['http://example.com:3000/', 'example.com'],
  ['http://example.com:5000/', 'example.com'],
  ['http://example.com:8000/', 'example.com'],
  ['http://example.com:8080/', 'example.com'],
  ['https://example.com:8443/', 'example.com'],
  ['https://example.com:9000/', 'example.com'],
  ['http://example.com:32768/', 'example.com'],
  ['http://example.com:65535/', 'example.com'],
  ['https://hooks.sub.example.co.uk/a/b', 'hooks.sub.example.co.uk'],
  ['https://b\u00fccher.example/', 'xn--bcher-kva.example'],
  ['https://under_score.example/', 'under_score.example'],
  ['https://1password.example/', '1password.example'],
  ['http://10.0.0.7.example.com/', '10.0.0.7.example.com'],
  ['http://localhost.example.com/', 'localhost.example.com'],
  ['http://notlocalhost/', 'notlocalhost'],
  [`http://${LONG}.example/`, `${LONG}.example`],
  ['http://example.com/user@host', 'example.com'],
  ['http://example.com/?a=@b', 'example.com'],
  ['http://8.8.8.8/', '8.8.8.8'],
  ['http://134744072/', '8.8.8.8'],
  ['http://[2606:4700:4700::1111]:8080/', '2606:4700:4700::1111'],
  ['http://[::ffff:8.8.8.8]/', '::ffff:808:808'],
]

describe('the URL of a hook', () => {
  it('is tested in enough spellings', () => {
    assert.ok(REFUSED.reduce((sum, [, , urls]) => sum + urls.length, 0) >= 60)
    assert.ok(PERMITTED.length >= 20)
  })

  for (const [what, message, urls] of REFUSED) {
    it(`is refused with ${what}`, async () => {
      for (const url of urls) {
        assert.throws(() => checkUrl(url, guard()), { name: 'BlockedError', message }, url)
        // The answer does not matter: the guard must not ask for it.
        const resolver = answers(['8.8.8.8'])
        await assert.rejects(post(request(url, { guard: guard({}, resolver) })), (error: Error) => {
          assert.match(error.message, message, url)
          assert.doesNotMatch(error.message, /s3cret/)
          return error.name === 'BlockedError' && isPermanent(error)
        })
        assert.deepEqual(resolver.asked, [])
      }
    })
  }

  it('is permitted with a public host and a permitted port', async () => {
    const judge = guard({}, answers(['8.8.8.8']))
    for (const [url, host] of PERMITTED) {
      assert.equal(hostOf(checkUrl(url, judge)), host)
      const addresses = /^[\d.]+$|:/.test(host) ? [host] : ['8.8.8.8']
      assert.deepEqual(await dialled(judge, host), addresses)
    }
  })

  it('may have only the ports that an explicit list names', () => {
    const few = guard({ ports: [22, '8000-8002'] })
    for (const port of [22, 8000, 8001, 8002]) checkUrl(`http://example.com:${port}/`, few)
    for (const port of [21, 23, 80, 443, 7999, 8003, 8080]) {
      assert.throws(() => checkUrl(`http://example.com:${port}/`, few), /webhooks\.ports/)
    }
    const more = guard({ ports: ['default', 5432] })
    for (const port of [80, 443, 5432, 8080]) checkUrl(`http://example.com:${port}/`, more)
    assert.throws(() => checkUrl('http://example.com:6379/', more), /webhooks\.ports/)
    assert.throws(() => checkUrl('http://example.com/', guard({ ports: [] })), /webhooks\.ports/)
  })

  it('is refused unless it is a text', () => {
    for (const url of [undefined, null, 7, new URL('http://example.com'), ['http://example.com']]) {
      assert.throws(() => checkUrl(url as never, guard()), { name: 'BlockedError' })
    }
  })
})
