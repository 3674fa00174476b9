// The peers, as one module for a page.

export { create } from 'jsondiffpatch/with-text-diffs'
export * as Y from 'yjs'
