import { useId } from 'react'
import { useSource } from '../live/context'
import { Icon } from '../part/icon'
import { Popover } from '../part/popover'
import { reopenSession } from '../session'
import { chooseTheme, currentChoice, type ThemeChoice } from '../theme'
import { chooseStrategy, strategies, strategy } from './strategy'

export function Settings() {
  return (
    <Popover
      id="settings"
      label="Settings"
      title="Settings"
      testId="settings"
      buttonClass="icon-button"
      button={<Icon name="gear" />}
    >
      <div className="settings">
        <Theme />
        <Strategy />
      </div>
    </Popover>
  )
}

const themes: readonly { name: ThemeChoice; label: string }[] = [
  { name: 'system', label: 'System' },
  { name: 'light', label: 'Light' },
  { name: 'dark', label: 'Dark' },
]

function Theme() {
  const chosen = useSource(currentChoice)
  return (
    <div className="setting">
      <span className="setting-label">Theme</span>
      <div className="segments" role="group" aria-label="Theme">
        {themes.map(({ name, label }) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === chosen}
            data-testid={`theme-${name}`}
            onClick={() => chooseTheme(name)}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  )
}

function Strategy() {
  const chosen = useSource(strategy)
  const id = useId()
  return (
    <div className="setting">
      <label className="setting-label" htmlFor={id}>
        When two change one event
      </label>
      <select
        id={id}
        className="select"
        value={chosen}
        data-testid="strategy"
        onChange={(event) => {
          const next = strategies.find(({ name }) => name === event.target.value)
          if (!next) return
          chooseStrategy(next.name)
          void reopenSession()
        }}
      >
        {strategies.map(({ name, label }) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
      <p className="setting-note">
        {strategies.find(({ name }) => name === chosen)?.says} It holds for your own changes from now on.
      </p>
    </div>
  )
}
