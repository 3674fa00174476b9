import { page } from './page'
import { palette, safeColor } from './color'

/** Who is looking. Kept for the tab, so that two tabs are two people. */
export interface Identity {
  id: string
  name: string
  color: string
}

const key = 'baro-demo.identity'

const names = [
  'Ana',
  'Bora',
  'Chloe',
  'Daniel',
  'Elif',
  'Felix',
  'Grace',
  'Hana',
  'Ivan',
  'Jisoo',
  'Kofi',
  'Lena',
  'Minjun',
  'Noor',
  'Oscar',
  'Priya',
  'Quinn',
  'Rosa',
  'Seojun',
  'Tomas',
  'Uma',
  'Viktor',
  'Yuna',
  'Zoe',
]

/** `crypto.randomUUID` is missing on a page served over plain HTTP to another machine; this is not. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function pick<T>(from: readonly T[], number: number): T {
  return from[number % from.length] as T
}

function random(): Identity {
  const [first = 0, second = 0] = crypto.getRandomValues(new Uint32Array(2))
  return { id: randomId(), name: pick(names, first), color: pick(palette, second).value }
}

/** The same name is the same person on every visit, with the same edits still waiting in this browser. */
function named(name: string): Identity {
  const id = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')
  const sum = [...id].reduce((total, letter) => (total * 31 + (letter.codePointAt(0) ?? 0)) >>> 0, 7)
  return { id, name, color: pick(palette, sum).value }
}

function stored(): Identity | undefined {
  try {
    const value = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Partial<Identity> | null
    if (!value || typeof value.id !== 'string' || typeof value.name !== 'string') return undefined
    return { id: value.id, name: value.name, color: safeColor(value.color) }
  } catch {
    return undefined
  }
}

export function storeIdentity(identity: Identity): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(identity))
  } catch {
    // Without storage the person is a new one after a reload; nothing else depends on it.
  }
}

export function readIdentity(): Identity {
  const kept = stored()
  const wanted = page.userName === undefined ? undefined : named(page.userName)
  const identity = kept && (!wanted || kept.id === wanted.id) ? kept : (wanted ?? random())
  storeIdentity(identity)
  return identity
}

export function initialOf(name: string): string {
  return ([...name.trim()][0] ?? '?').toUpperCase()
}
