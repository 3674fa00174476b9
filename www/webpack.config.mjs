import { fileURLToPath } from 'node:url'
import HtmlWebpackPlugin from 'html-webpack-plugin'
import MiniCssExtractPlugin from 'mini-css-extract-plugin'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

// What the page may load. `wasm-unsafe-eval` lets the browser compile WebAssembly and nothing else; the calendar
// component places its styles with inline style elements.
const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
].join('; ')

export default (_env, { mode = 'production' } = {}) => ({
  mode,
  context: here('.'),
  entry: './src/main.tsx',
  output: {
    path: here('./dist'),
    filename: '[name].[contenthash:10].js',
    chunkFilename: '[name].[contenthash:10].js',
    assetModuleFilename: '[name].[contenthash:10][ext]',
    // The page works under any path it is served from.
    publicPath: 'auto',
    clean: true,
  },
  // The `eval` kinds of source map are forbidden by the policy, also while developing.
  devtool: 'source-map',
  resolve: { extensions: ['.tsx', '.ts', '.js'] },
  // A caller may stand in another directory than the one where the loaders are installed.
  resolveLoader: { modules: [here('./node_modules')] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        exclude: /node_modules/,
        use: { loader: 'ts-loader', options: { configFile: here('./tsconfig.json') } },
      },
      { test: /@fullcalendar[\\/]core[\\/]internal-common\.js$/, use: here('./without-font.cjs') },
      { test: /\.css$/, use: [MiniCssExtractPlugin.loader, 'css-loader'] },
      { test: /\.svg$/, type: 'asset/resource' },
    ],
  },
  optimization: {
    splitChunks: {
      cacheGroups: {
        calendar: { test: /node_modules[\\/](@fullcalendar|preact)/, name: 'calendar', chunks: 'initial' },
        react: { test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, name: 'react', chunks: 'initial' },
      },
    },
  },
  plugins: [
    new MiniCssExtractPlugin({ filename: '[name].[contenthash:10].css' }),
    new HtmlWebpackPlugin({
      template: './src/index.html',
      meta: { csp: { 'http-equiv': 'Content-Security-Policy', content: policy } },
    }),
  ],
  // The module inlines its WebAssembly in a chunk of its own, so a size warning would only ever be about that.
  performance: false,
  stats: 'errors-warnings',
})
