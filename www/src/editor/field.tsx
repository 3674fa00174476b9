import { useSource } from '../live/context'
import { SwatchPicker } from '../part/swatch'
import { Switch } from '../part/switch'
import { projects } from '../project/project'
import { Fault } from './fault'
import { withStart, type Draft } from './draft'

interface FieldsProps {
  draft: Draft
  onChange: (changes: Partial<Draft>) => void
  fault: string | undefined
}

export function Fields({ draft, onChange, fault }: FieldsProps) {
  const list = useSource(projects)
  const project = list.find(({ id }) => id === draft.projectId)
  const type = draft.allDay ? 'date' : 'datetime-local'
  const shown = (at: string) => (draft.allDay ? at.slice(0, 10) : at)
  // A date alone keeps the hour that the event had, for when it is given hours again.
  const full = (at: string, former: string) => (draft.allDay && at ? `${at}${former.slice(10) || 'T09:00'}` : at)

  return (
    <>
      <label className="field">
        <span>Title</span>
        <input
          value={draft.title}
          maxLength={200}
          autoComplete="off"
          placeholder="Untitled event"
          data-testid="field-title"
          onChange={(event) => onChange({ title: event.target.value })}
        />
      </label>
      <Switch
        label="All day"
        testId="field-all-day"
        checked={draft.allDay}
        onChange={(allDay) => onChange({ allDay })}
      />
      <div className="field-pair">
        <label className="field">
          <span>Starts</span>
          <input
            type={type}
            required
            value={shown(draft.start)}
            data-testid="field-start"
            onChange={(event) => onChange(withStart(draft, full(event.target.value, draft.start)))}
          />
        </label>
        <label className="field">
          <span>{draft.allDay ? 'Last day' : 'Ends'}</span>
          <input
            type={type}
            required
            value={shown(draft.end)}
            min={shown(draft.start)}
            aria-invalid={fault !== undefined}
            aria-describedby={fault && 'fault'}
            data-testid="field-end"
            onChange={(event) => onChange({ end: full(event.target.value, draft.end) })}
          />
        </label>
      </div>
      <Fault text={fault} />
      <label className="field">
        <span>Location</span>
        <input
          value={draft.location}
          maxLength={200}
          autoComplete="off"
          data-testid="field-location"
          onChange={(event) => onChange({ location: event.target.value })}
        />
      </label>
      <label className="field">
        <span>Description</span>
        <textarea
          value={draft.description}
          rows={3}
          data-testid="field-description"
          onChange={(event) => onChange({ description: event.target.value })}
        />
      </label>
      <label className="field">
        <span>Attendees</span>
        <input
          value={draft.attendees}
          autoComplete="off"
          placeholder="ana@example.com, leo@example.com"
          data-testid="field-attendees"
          onChange={(event) => onChange({ attendees: event.target.value })}
        />
      </label>
      <label className="field">
        <span>Project</span>
        <select
          value={draft.projectId}
          data-testid="field-project"
          onChange={(event) => onChange({ projectId: event.target.value })}
        >
          {!project && <option value={draft.projectId}>{draft.projectId}</option>}
          {list.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <SwatchPicker
        label="Colour"
        name="color"
        value={draft.color}
        {...(project ? { inherited: project.color } : {})}
        onChange={(color) => onChange({ color })}
      />
    </>
  )
}
