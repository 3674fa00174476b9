import { useConflicts } from '../live/context'
import { Icon } from '../part/icon'
import { decide } from './open'

/** Says that somebody has to decide. It interrupts nobody: until then the calendar shows this person's own version. */
export function ConflictBanner() {
  const conflicts = useConflicts()
  const [first] = conflicts
  return (
    <div role="status">
      {first && (
        <div className="conflict-banner" data-testid="conflict-banner">
          <Icon name="conflict" />
          <p>
            {conflicts.length === 1
              ? `Somebody else changed “${first.localVersion.title}”, too.`
              : `Somebody else changed ${conflicts.length} events that you changed, too.`}
          </p>
          <button
            type="button"
            className="button small"
            data-testid="conflict-open"
            onClick={() => decide(conflicts[0]?.id)}
          >
            Compare
          </button>
        </div>
      )}
    </div>
  )
}
