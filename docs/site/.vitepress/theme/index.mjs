// VitePress's own theme in the product's colours, with nothing fetched from elsewhere: system fonts only.

import theme from 'vitepress/theme-without-fonts'
import './style.css'

export default theme
