// What a broken or malicious server sends. Each entry: what it is, the frames, and how much of it the calendar is
// expected to count as malformed; entries with `check` are looked at more closely, in the page.

import { created, event } from './script.mjs'

const text = (value) => JSON.stringify(value)
const nested = (depth, open, close, inside = '') => open.repeat(depth) + inside + close.repeat(depth)
const withPayload = (type, payload) => `{"type":${text(type)},"payload":${payload}}`
const change = (more) => text({ ...created(1, 'odd'), ...more })
const withField = (name, raw) => `{"type":"event:created","payload":{"id":"odd",${text(name)}:${raw}}}`

/** Frames of which nothing can be read. */
export const noMessages = [
  ['an empty frame', ['']],
  ['blank space', [' \t\r\n']],
  ['half an object', ['{"type":"event:created","payload":{"id":"odd"']],
  ['half a string', ['{"type":"pong']],
  ['an object in single quotes', ["{'type':'pong'}"]],
  ['NaN and Infinity as JavaScript spells them', ['{"type":"pong","seq":NaN}', '{"type":"pong","seq":-Infinity}']],
  ['a trailing comma', ['{"type":"pong",}', '[{"type":"pong"},]']],
  ['something behind the message', ['{"type":"pong"}{"type":"pong"}', '{"type":"pong"} x']],
  ['a byte order mark', ['\ufeff{"type":"pong"}']],
  ['a raw line feed in a string', ['{"type":"po\nng"}']],
  ['numbers that are none', ['{"type":"pong","seq":01}', '{"type":"pong","seq":.5}', '{"type":"pong","seq":1e}']],
  ['HTML from a proxy', ['<!doctype html><h1>502 Bad Gateway</h1>']],
  ['values that are no object', ['5', 'null', 'true', '"pong"']],
  ['objects without a type', ['{}', '{"payload":{"type":"pong"}}']],
  ['types that are no string', ['{"type":5}', '{"type":null}', '{"type":["pong"]}', '{"type":{"toString":"pong"}}']],
  ['10,000 arrays in each other', [nested(10_000, '[', ']')]],
  ['10,000 objects in each other, unclosed', [nested(10_000, '{"a":', '')]],
  ['10,000 objects in a payload', [withPayload('weather', nested(10_000, '{"a":', '}', '1'))]],
  ['a million brackets', [nested(500_000, '[', ']')]],
  ['10 MB of nothing', ['x'.repeat(10 << 20)]],
  ['10 MB of an unfinished event', [`{"type":"event:created","payload":{"id":"odd","title":"${'x'.repeat(10 << 20)}`]],
  ['binary frames', [Buffer.from('{"type":"pong"}'), Buffer.alloc(1 << 20, 0xff), Buffer.alloc(0)]],
]

/** Messages of known types with payloads that cannot be what they say. */
export const wrongPayloads = [
  [
    'news of an event that is none',
    ['null', '5', '"odd"', '[]', 'true'].map((raw) => withPayload('event:created', raw)),
  ],
  [
    'events without a string for an id',
    ['{}', '{"id":5}', '{"id":null}', '{"id":{"a":1}}'].map((raw) => withPayload('event:updated', raw)),
  ],
  [
    'the end of an event that nobody names',
    ['null', '5', '[]', '{}', '{"id":5}'].map((raw) => withPayload('event:deleted', raw)),
  ],
  [
    'an answer to no subscription',
    [
      withPayload('subscribed', '5'),
      withPayload('subscribed', '{"channel":"project:p"}'),
      withPayload('subscribed', '{"channel":"project:p","epoch":7,"seq":1}'),
      withPayload('subscribed', '{"channel":"project:p","epoch":"e1","seq":-1}'),
      withPayload('subscribed', '{"channel":"project:p","epoch":"e1","seq":1e400}'),
    ],
  ],
  [
    'users that are none',
    ['null', '5', '[]', '{}', '{"id":true}', '{"user":5}'].map((raw) => withPayload('user:joined', raw)),
  ],
  ['somebody who leaves and is nobody', ['null', '-5', '[]', '{"id":{}}'].map((raw) => withPayload('user:left', raw))],
  [
    'cursors that point nowhere',
    [
      '5',
      '{}',
      '{"userId":"ben"}',
      '{"userId":"ben","x":"1","y":2}',
      '{"userId":"ben","x":1e400,"y":2}',
      '{"userId":[],"x":1,"y":2}',
    ].map((raw) => withPayload('user:cursor', raw)),
  ],
  [
    'lists that are none',
    [
      withPayload('presence', '{"channel":"project:p","users":{"length":5}}'),
      withPayload('presence', '7'),
      withPayload('cursors', '{"cursors":"all"}'),
      withPayload('cursors', 'null'),
    ],
  ],
  [
    'other presence of nobody',
    ['user:typing', 'element:selected', 'user:editing', 'user:status'].flatMap((type) => [
      withPayload(type, '5'),
      withPayload(type, '{"userId":{}}'),
    ]),
  ],
]

/** Messages that are odd and still mean something, or that are nobody's: nothing of them is malformed. */
export const oddMessages = [
  ['an empty list of messages', ['[]', ' [ ] ']],
  [
    'events with fields of wrong types',
    [
      withField('title', '{"a":1}'),
      withField('startDate', '5'),
      withField('endDate', '[]'),
      withField('projectId', '{}'),
      withField('calendarId', '7'),
      withField('attendees', '"all"'),
      withField('updatedAt', 'null'),
    ],
  ],
  [
    'versions that are no number of one',
    ['"NaN"', '-1', '1.5', '1e400', '9007199254740993', 'null', '{}', '"2"'].map((raw) => withField('version', raw)),
  ],
  ['positions that are none', [-1, 1.5, '1', null, {}, 2 ** 53].map((seq) => change({ seq }))],
  [
    'a position of 1e400',
    [`{"type":"event:created","channel":"project:p","seq":1e400,"payload":${text(event('odd'))}}`],
  ],
  [
    'channels that are none',
    [5, null, {}, '', 'x'.repeat(10_000), '__proto__'].map((channel) =>
      change({ channel, payload: event('odd', { projectId: 'p' }) }),
    ),
  ],
  [
    'answers to what was never asked',
    [
      text({ type: 'ack', id: 'nobody/1', payload: event('odd') }),
      text({ type: 'ack', seq: 99, payload: event('odd') }),
      text({ type: 'ack', seq: 1, client: 'somebody-else', payload: event('odd') }),
      text({ type: 'ack', payload: { messageId: 'nobody/1' } }),
      '{"type":"ack"}',
      '{"type":"ack","id":5}',
      '{"type":"ack","seq":"1","payload":7}',
      '{"type":"pong"}',
      '{"type":"pong","payload":[]}',
      text({ type: 'snapshot', payload: { channel: 'project:other', events: [event('odd')], more: false } }),
      text({ type: 'snapshot', payload: { channel: 'project:p', events: [event('odd')], more: false } }),
      text({ type: 'skip', channel: 'project:other', seq: 3 }),
    ],
  ],
  [
    'errors that say nothing',
    ['null', '5', '"no"', '{}', '{"code":5,"message":[]}', '{"code":"x","retryAfter":-1,"details":[[]]}'].map((raw) =>
      withPayload('error', raw),
    ),
  ],
  [
    'a goodbye over a window that is none',
    ['null', '{"windowMs":"soon"}', '{"windowMs":1e400}', '{"windowMs":9007199254740991}'].map((raw) =>
      withPayload('drain', raw),
    ),
  ],
  [
    'heads that are none',
    [
      '{"heads":5}',
      '{"heads":[1,2]}',
      '{"heads":{"project:p":"2"}}',
      '{"heads":{"project:p":1e400}}',
      '{"heads":{"__proto__":9}}',
    ].map((raw) => withPayload('pong', raw)),
  ],
  [
    'further welcomes, of another user and with limits that are none',
    [
      withPayload('welcome', '5'),
      withPayload('welcome', '{"limits":{"frame":0,"window":-1},"heartbeat":{"interval":0,"timeout":0}}'),
      withPayload('welcome', '{"limits":{"frame":1e400},"heartbeat":{"interval":1e400,"timeout":"x"},"user":{"id":5}}'),
      text({ type: 'welcome', payload: { version: 'baro.v9', user: { id: 'mallory' }, lastSeq: 2 ** 60 } }),
    ],
  ],
  [
    'unknown types',
    ['weather', '', ' ', 'x'.repeat(10_000), '\u0000', '\ud800', '💥'].map((type) => withPayload(type, '{"a":[1]}')),
  ],
  [
    'types that are names of our own listeners and of what objects inherit',
    [
      'connected',
      'disconnected',
      'state-change',
      'max-reconnect-attempts',
      'sync-failure',
      'storage-degraded',
      'listener_error',
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      'then',
    ].map((type) => withPayload(type, '{"a":1}')),
    () =>
      !heard.some(
        ([type, ...given]) =>
          ['disconnected', 'max-reconnect-attempts', 'sync-failure', 'storage-degraded'].includes(type) ||
          given.some((value) => value?.a === 1),
      ),
  ],
  [
    "an event that would be everybody's prototype",
    [
      '{"type":"event:created","payload":{"id":"odd","title":"odd","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":"no"}}',
    ],
    () => {
      const seen = baro.getEvent('odd')
      return seen.polluted === undefined && Object.getPrototypeOf(seen) === Object.prototype && seen.then === 'no'
    },
  ],
  [
    'an event and a user named __proto__',
    [
      withPayload('event:created', '{"id":"__proto__","title":"odd","polluted":1}'),
      withPayload('user:joined', '{"id":"__proto__","name":"constructor","polluted":1}'),
    ],
    () => baro.getEvent('__proto__').title === 'odd' && baro.getActiveUsers().get('__proto__').name === 'constructor',
  ],
  [
    'keys given twice',
    [
      '{"type":"event:created","type":"weather","payload":{"id":"odd"}}',
      '{"type":"event:created","payload":5,"payload":{"id":"odd","id":"even","title":"a","title":"b"}}',
    ],
    () => baro.getEvent('even')?.title === 'b' && baro.getEvent('odd') === undefined,
  ],
  [
    'an event that comes ten times in one snapshot',
    [
      text({
        type: 'subscribed',
        payload: { channel: 'project:p', epoch: 'e1', seq: 0, recovered: false, events: Array(10).fill(event('odd')) },
      }),
    ],
    () => baro.getEvents().filter(({ id }) => id === 'odd').length === 1,
  ],
  [
    'HTML, CSS and addresses for programs where people are described',
    [
      text({
        type: 'user:joined',
        payload: {
          id: 'ben',
          name: '<img src=x onerror=alert(1)>',
          color: 'red;background:url(//evil)',
          avatar: 'javascript:alert(1)',
        },
      }),
    ],
    () => {
      const ben = baro.getActiveUsers().get('ben')
      return ben.name === '<img src=x onerror=alert(1)>' && /^#[0-9a-f]{6}$/.test(ben.color) && ben.avatar === undefined
    },
  ],
  [
    'names of 100,000 characters, of lone surrogates and of nothing',
    ['x'.repeat(100_000), '\ud800\udfff\udc00', '', '\u202e\u200b'].map((name, at) =>
      text({ type: 'user:joined', payload: { id: `user-${at}`, name } }),
    ),
    () => [...baro.getActiveUsers().values()].every(({ name }) => typeof name === 'string' && name.length <= 128),
  ],
  [
    'ourselves, as somebody else',
    [
      text({ type: 'user:joined', payload: { id: 'ana', name: 'Mallory', color: '#000000' } }),
      text({ type: 'user:cursor', payload: { userId: 'ana', x: 1, y: 1 } }),
      text({
        type: 'presence',
        payload: { channel: 'project:p', users: [{ id: 'ana', name: 'Mallory', color: '#000000' }] },
      }),
    ],
    () => baro.getActiveUsers().size === 0 && baro.getCursors().length === 0,
  ],
  [
    'five thousand users in one message',
    [
      text({
        type: 'presence',
        payload: {
          channel: 'project:p',
          users: Array.from({ length: 5_000 }, (_, at) => ({ id: `user-${at}`, name: 'x', color: '#000000' })),
        },
      }),
    ],
    () => baro.getActiveUsers().size <= 1_000,
  ],
  [
    '100,000 fields',
    [`{"type":"weather","payload":{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":${at}`).join()}}}`],
  ],
  [
    'a number of a million digits',
    [withPayload('weather', '1'.repeat(1_000_000)), withField('version', '1'.repeat(1_000_000))],
  ],
  [
    '10 MB in one message',
    [withPayload('weather', text('x'.repeat(10 << 20)))],
    () => heard.some(([type, message]) => type === 'message' && message.payload.length === 10 << 20),
  ],
  [
    '10 MB of events in one frame',
    [
      text(
        Array.from({ length: 500 }, (_, at) => ({
          type: 'event:created',
          payload: event(`odd-${at}`, { description: 'x'.repeat(20_000) }),
        })),
      ),
    ],
    () => baro.getEvents().filter(({ id }) => id.startsWith('odd-')).length === 500,
  ],
  [
    'a date beyond all calendars',
    [
      '"+275760-09-13T00:00:00.001Z"',
      '"9999999-01-01"',
      '"-000001-01-01T00:00:00Z"',
      '"2026-13-45T99:99:99Z"',
      '"2026-01-01T00:00:00+99:99"',
    ].map((raw) => withField('startDate', raw)),
    () => Array.isArray(baro.getEvents({ from: '2026-01-01', to: '2027-01-01' })),
  ],
]
