import icon from '../icon.svg'
import { page } from '../page'
import { PanelButton } from '../panel/panel'
import { Settings } from '../settings/settings'
import { SideButton } from '../side/side'
import { People } from './people'
import { Profile } from './profile'
import { Status } from './status'

export function Header() {
  return (
    <header className="header">
      <SideButton />
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
        <PanelButton />
        <Settings />
        <Profile />
      </div>
    </header>
  )
}
