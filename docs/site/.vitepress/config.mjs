// The site's looks and its navigation. Which pages there are is told by scripts/docs.mjs, which stages them.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const staged = fileURLToPath(new URL('../.staged/', import.meta.url))
const { sidebar, version, rust } = JSON.parse(readFileSync(`${staged}navigation.json`, 'utf8'))

export default defineConfig({
  title: 'Baro Realtime',
  description: 'A calendar that several people edit at once: local-first, offline-proof, live',
  lang: 'en-GB',
  srcDir: '.staged/pages',
  outDir: '.staged/site',
  cacheDir: '.staged/cache',
  cleanUrls: false,
  lastUpdated: false,
  // rustdoc's pages are put beside these after they are built; links to them are checked with all others then. What
  // a reader has started himself is no page of the site.
  ignoreDeadLinks: [/^\/rust\//, /^http:\/\/(?:localhost|127\.0\.0\.1)[:/]/],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    // The repository's own anchors: those that a reader of the source sees in other viewers.
    anchor: { slugify: (title) => slug(title) },
  },
  themeConfig: {
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/guide/getting-started' },
      { text: 'API', link: '/api/' },
      { text: 'Wire', link: '/reference/protocol' },
      ...(rust ? [{ text: 'Rust', link: '/rust/baro_realtime/index.html', target: '_self' }] : []),
      { text: version, link: '/project/changelog' },
    ],
    sidebar,
    footer: { message: 'MIT or Apache-2.0, at your choice.' },
  },
})

/** As GitHub makes anchors: small letters, no punctuation, a hyphen for each space. */
function slug(title) {
  return title
    .trim()
    .toLowerCase()
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
    .replaceAll(' ', '-')
}
