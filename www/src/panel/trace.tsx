import type { TraceEntry } from '@baro-calendar/realtime'
import { useState } from 'react'
import { notify } from '../feedback/notice'
import { useSession, useSource } from '../live/context'
import { Icon } from '../part/icon'

/** The steps of the protocol, newest first. They hold no payload and no token, so they can be given to anybody. */
export function Trace() {
  const { calendar, meter } = useSession()
  // A trace tells nobody that it grew; it is read again with every sample of the numbers.
  useSource(meter)
  const [held, setHeld] = useState<readonly TraceEntry[]>()
  const [wanted, setWanted] = useState('')
  const steps = held ?? calendar.getTrace()
  const word = wanted.trim().toLowerCase()
  const shown = steps
    .map((step) => ({ step, details: detailsOf(step) }))
    .filter(({ step, details }) => `${step.kind} ${details}`.toLowerCase().includes(word))
    .reverse()

  const copy = () => {
    navigator.clipboard.writeText(JSON.stringify(steps)).then(
      () => notify('status', `${steps.length} steps are copied.`),
      () => notify('alert', 'This browser does not let the page copy.'),
    )
  }

  return (
    <div className="trace">
      <div className="trace-bar">
        <input
          type="search"
          value={wanted}
          placeholder="Filter, for example sent"
          aria-label="Filter the steps"
          data-testid="trace-filter"
          onChange={(event) => setWanted(event.target.value)}
        />
        <button
          type="button"
          className="icon-button"
          aria-pressed={held !== undefined}
          aria-label={held ? 'Go on' : 'Hold'}
          title={held ? 'Go on' : 'Hold'}
          onClick={() => setHeld(held ? undefined : calendar.getTrace())}
        >
          <Icon name={held ? 'play' : 'pause'} />
        </button>
        <button type="button" className="icon-button" aria-label="Copy as JSON" title="Copy as JSON" onClick={copy}>
          <Icon name="copy" />
        </button>
      </div>
      <ol className="trace-steps" data-testid="trace" tabIndex={0} aria-label="Steps of the protocol, newest first">
        {shown.map(({ step, details }) => (
          <li key={step.n} data-kind={step.kind}>
            <time>{`${(step.at / 1000).toFixed(2)} s`}</time>
            <span>
              <strong>{step.kind}</strong> {details}
            </span>
          </li>
        ))}
      </ol>
      {shown.length === 0 && <p className="panel-empty">No step among the last {steps.length} fits.</p>}
    </div>
  )
}

const known = new Set(['n', 'at', 'until', 'kind'])

function detailsOf(step: TraceEntry): string {
  return Object.entries(step)
    .filter(([name]) => !known.has(name))
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(' · ')
}
