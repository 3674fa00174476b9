// A page of these tests as a bundler makes it: the packed package with one of the versions of React.

import { join } from 'node:path'
import { build } from 'esbuild'
import { installNpmPackages } from '../../../scripts/setup/npm-packages.mjs'
import { serve } from '../../packaging/browser.mjs'
import { installPackage, repository } from '../../packaging/installed.mjs'

const oldest = join(repository, 'tests/react/react-18')

/** Version of React → the folder where it is installed. */
const folders = {
  18: async () => {
    await installNpmPackages(oldest, 'React 18')
    return oldest
  },
  19: async () => repository,
}

export const versions = Object.keys(folders)

/** The folder in which a version of React is installed. */
export const folderOf = (version) => folders[version]()

const html = (title) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/page.css" />
  </head>
  <body>
    <main id="root"></main>
    <script type="module" src="/page.js"></script>
  </body>
</html>
`

/** Builds `pages/<name>.jsx` and serves it. Returns its address and how to close it. */
export async function servePage(name, version) {
  const [folder, react] = [installPackage({ 'index.html': html(name) }), await folderOf(version)]
  // What one folder has installed, whoever imports it.
  const taken = new Map([
    ['react', react],
    ['react-dom', react],
    ['@baro-calendar/realtime', folder],
  ])
  await build({
    entryPoints: { page: join(repository, 'tests/react/pages', `${name}.jsx`) },
    outdir: folder,
    bundle: true,
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'warning',
    plugins: [
      {
        name: 'from its own folder',
        setup({ onResolve, resolve }) {
          onResolve({ filter: /^(react|react-dom|@baro-calendar\/realtime)(\/|$)/ }, ({ path, pluginData, kind }) => {
            if (pluginData === 'found') return undefined
            const resolveDir = taken.get(path.startsWith('@') ? '@baro-calendar/realtime' : path.split('/')[0])
            return resolve(path, { resolveDir, kind, pluginData: 'found' })
          })
        },
      },
    ],
  })
  return serve(folder)
}
