import { useRef, type KeyboardEvent } from 'react'
import { useConflicts, useSource, useSync } from '../live/context'
import { Icon } from '../part/icon'
import { useFocusInside } from '../part/focus'
import { Metrics } from './metrics'
import { openTab, tabs, togglePanel, type Tab } from './open'
import { Queue } from './queue'
import { Trace } from './trace'

const labels: Record<Tab, string> = { sync: 'Sync', metrics: 'Metrics', trace: 'Trace' }

/** What goes on beneath the calendar. */
export function Panel() {
  const tab = useSource(openTab)
  return tab ? <OpenPanel tab={tab} /> : null
}

function OpenPanel({ tab }: { tab: Tab }) {
  const panel = useRef<HTMLElement>(null)

  useFocusInside(panel, (element) => element.querySelector<HTMLElement>('[aria-selected="true"]'))

  const turn = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]
    openTab.set(next)
    panel.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus()
  }

  return (
    <aside
      ref={panel}
      className="panel"
      aria-label="Under the hood"
      data-testid="panel"
      onKeyDown={(event) => {
        if (event.key === 'Escape') togglePanel()
      }}
    >
      <div className="panel-head">
        <div className="segments" role="tablist" aria-label="Under the hood" onKeyDown={turn}>
          {tabs.map((name) => (
            <button
              key={name}
              id={`tab-${name}`}
              type="button"
              role="tab"
              aria-selected={name === tab}
              aria-controls="panel-body"
              tabIndex={name === tab ? 0 : -1}
              data-testid={`tab-${name}`}
              onClick={() => openTab.set(name)}
            >
              {labels[name]}
            </button>
          ))}
        </div>
        <button type="button" className="icon-button" aria-label="Close the panel" onClick={togglePanel}>
          <Icon name="close" />
        </button>
      </div>
      <div id="panel-body" className="panel-body" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'sync' && <Queue />}
        {tab === 'metrics' && <Metrics />}
        {tab === 'trace' && <Trace />}
      </div>
    </aside>
  )
}

/** Opens the panel; says how much in it waits for a person. */
export function PanelButton() {
  const isOpen = useSource(openTab) !== undefined
  const { failed } = useSync()
  const waiting = failed + useConflicts().length
  const title = isOpen ? 'Hide what goes on underneath' : 'Show what goes on underneath'
  return (
    <button
      type="button"
      className="icon-button"
      title={title}
      aria-label={waiting > 0 ? `${title}: ${waiting} waiting for you` : title}
      aria-expanded={isOpen}
      data-testid="panel-button"
      data-failed={failed}
      onClick={togglePanel}
    >
      <Icon name="activity" />
      {waiting > 0 && <span className="badge">{waiting}</span>}
    </button>
  )
}
