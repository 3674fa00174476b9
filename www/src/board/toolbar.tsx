import { History } from '../history/history'
import { Icon } from '../part/icon'
import { viewLabels, type ViewName } from './view'

interface ToolbarProps {
  title: string
  view: ViewName
  views: readonly ViewName[]
  onView: (view: ViewName) => void
  onStep: (step: 'previous' | 'today' | 'next') => void
  onCreate: () => void
}

export function Toolbar({ title, view, views, onView, onStep, onCreate }: ToolbarProps) {
  return (
    <div className="toolbar">
      <div className="toolbar-steps">
        <button type="button" className="button" data-testid="today" onClick={() => onStep('today')}>
          Today
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Previous"
          data-testid="previous"
          onClick={() => onStep('previous')}
        >
          <Icon name="previous" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Next"
          data-testid="next"
          onClick={() => onStep('next')}
        >
          <Icon name="next" />
        </button>
      </div>
      <h2 className="toolbar-title" aria-live="polite" data-testid="calendar-title">
        {title}
      </h2>
      <History />
      <div className="segments" role="group" aria-label="View">
        {views.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === view}
            data-testid={`view-${viewLabels[name].toLowerCase()}`}
            onClick={() => onView(name)}
          >
            {viewLabels[name]}
          </button>
        ))}
      </div>
      <button type="button" className="button primary toolbar-new" data-testid="new-event" onClick={onCreate}>
        <Icon name="plus" />
        <span>New event</span>
      </button>
    </div>
  )
}
