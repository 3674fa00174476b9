import { useSource } from '../live/context'
import { Switch } from '../part/switch'
import { colleagues, setWorking, working } from './colleague'

export function ColleagueSwitches() {
  const atWork = useSource(working)
  return (
    <section className="side-part" aria-labelledby="colleagues-head">
      <h2 id="colleagues-head">Simulated colleagues</h2>
      <div className="side-switches">
        {colleagues.map((colleague) => (
          <Switch
            key={colleague.key}
            label={colleague.name}
            testId={`colleague-${colleague.key}`}
            checked={atWork.has(colleague.key)}
            onChange={(isWorking) => setWorking(colleague, isWorking)}
          />
        ))}
      </div>
      <p className="side-note">They draw, move and edit events of their own, over connections of their own.</p>
    </section>
  )
}
