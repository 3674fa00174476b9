// A page in Debian's Chromium, served from a folder, with the headers that a test wants.

import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import { chromium } from 'playwright-core'
import { patience } from '../e2e/support/until.mjs'

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

export const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

// Nothing is tested while a browser starts, which on a busy machine can take longer than anything that is.
export const launch = (options = {}) =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: flags, timeout: 120_000, ...options })

/** Serves a folder on a free port. Returns its address and how to close it. */
export async function serve(folder, headers = {}) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname)
    try {
      const body = await readFile(join(folder, path === '/' ? 'index.html' : path))
      response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/html', ...headers }).end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

/** Opens an address and returns what the page's program leaves in `globalThis.result`. */
export async function read(browser, address) {
  const page = await browser.newPage()
  page.setDefaultTimeout(patience)
  const said = []
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(error.message))
  try {
    await page.goto(address)
    const result = await page.waitForFunction(() => globalThis.result)
    return await result.jsonValue()
  } catch (error) {
    throw new Error(`${error.message}\nThe page said: ${said.join(' | ')}`, { cause: error })
  } finally {
    await page.close()
  }
}

/** Opens a folder's page, and returns the same. */
export async function open(browser, folder, headers) {
  const site = await serve(folder, headers)
  try {
    return await read(browser, site.address)
  } finally {
    site.close()
  }
}
