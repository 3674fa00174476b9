// The configuration lives beside the page it builds, where its plugins are installed.
export { default } from './www/webpack.config.mjs'
