// Tokens as a sign-in service would make them.

import { createHmac } from 'node:crypto'

export const secret = 'a secret that only this test knows'

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT for `sub`; `lasts` is in seconds from now, negative for one that is over. */
export function tokenFor(sub, { projects = '*', lasts = 3600 } = {}) {
  const claims = { sub, name: sub, projects, exp: Math.floor(Date.now() / 1000) + lasts }
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
