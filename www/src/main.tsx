import './network/socket'
import '@baro-calendar/realtime/react/style.css'
import './style/base.css'
import './style/control.css'
import './style/layout.css'
import './style/header.css'
import './style/side.css'
import './style/toolbar.css'
import './style/component.css'
import './style/chip.css'
import './style/cursor.css'
import './style/editor.css'
import './style/conflict.css'
import './style/panel.css'
import './style/feedback.css'
import init from '@baro-calendar/realtime'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import { openSession } from './session'
import './theme'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no #root element')

const fail = (error: unknown) => {
  const text = document.createElement('p')
  text.className = 'opening'
  text.setAttribute('role', 'alert')
  text.textContent = `The calendar could not be opened. ${error instanceof Error ? error.message : String(error)}`
  root.replaceChildren(text)
}

init()
  .then(() => {
    openSession()
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>,
    )
  })
  .catch(fail)
