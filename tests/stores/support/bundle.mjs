// The page of these tests as a bundler makes it: the packed package with the libraries that the repository has installed.

import { join } from 'node:path'
import { build } from 'esbuild'
import { serve } from '../../packaging/browser.mjs'
import { installPackage, link, repository } from '../../packaging/installed.mjs'

const html = (name) => `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<title>${name}</title>
<script type="module" src="/page.js"></script>
`

/** Builds `pages/<name>.js` beside an installed package and serves it. Returns its address and how to close it. */
export async function servePage(name, libraries) {
  const folder = installPackage({ 'index.html': html(name) })
  link(folder, libraries)
  await build({
    stdin: {
      contents: `import ${JSON.stringify(join(repository, 'tests/stores/pages', `${name}.js`))}`,
      resolveDir: folder,
    },
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'warning',
    plugins: [fromFolder(folder)],
  })
  return serve(folder)
}

/** Has the page's own imports resolved where the package is installed: its file lies elsewhere. */
const fromFolder = (folder) => ({
  name: 'from the folder',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[@a-z]/ }, ({ path, kind, pluginData, importer }) =>
      pluginData === 'found' || !importer.startsWith(join(repository, 'tests'))
        ? undefined
        : resolve(path, { resolveDir: folder, kind, pluginData: 'found' }),
    )
  },
})
