import icon from '../icon.svg'
import { Icon } from '../part/icon'
import { useSource } from '../live/context'
import { currentTheme, toggleTheme } from '../theme'
import { page } from '../page'
import { People } from './people'
import { Profile } from './profile'
import { Status } from './status'

export function Header() {
  return (
    <header className="header">
      <img className="header-icon" src={icon} alt="" width="28" height="28" />
      <h1 className="header-name">
        Baro <span>Calendar</span>
      </h1>
      <span className="header-project" title={`Project ${page.projectId}`}>
        {page.projectId}
      </span>
      <div className="header-side">
        <People />
        <Status />
        <ThemeButton />
        <Profile />
      </div>
    </header>
  )
}

function ThemeButton() {
  const theme = useSource(currentTheme)
  const title = theme === 'dark' ? 'Light theme' : 'Dark theme'
  return (
    <button
      type="button"
      className="icon-button"
      title={title}
      aria-label={title}
      data-testid="theme"
      onClick={toggleTheme}
    >
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  )
}
