import { useRef } from 'react'
import { ColleagueSwitches } from '../colleague/switches'
import { PeopleList } from '../header/people'
import { usePeople, useSource } from '../live/context'
import { useFocusInside } from '../part/focus'
import { Icon } from '../part/icon'
import { ProjectList } from '../project/list'
import { beside, sideIsOpen } from './open'

const close = () => sideIsOpen.set(false)

/** Projects, colleagues and people: a column beside the calendar, or a drawer over it. */
export function Side() {
  return useSource(sideIsOpen) ? <OpenSide /> : null
}

function OpenSide() {
  const people = usePeople()
  const drawer = useRef<HTMLElement>(null)

  useFocusInside(drawer, (element) => element, !beside.matches)

  return (
    <>
      <div className="side-veil" onClick={close} />
      <aside
        ref={drawer}
        id="side"
        className="side"
        aria-label="Projects and people"
        tabIndex={-1}
        data-testid="side"
        onKeyDown={(event) => {
          // A popover in it closes first.
          if (event.key === 'Escape' && !beside.matches && !drawer.current?.querySelector(':popover-open')) close()
        }}
      >
        <ProjectList />
        <ColleagueSwitches />
        {/* Last, since it grows by itself: nothing to press may move away under a pointer. */}
        <section className="side-part" aria-labelledby="people-head">
          <h2 id="people-head">People</h2>
          <PeopleList people={people} />
        </section>
      </aside>
    </>
  )
}

export function SideButton() {
  const isOpen = useSource(sideIsOpen)
  const title = isOpen ? 'Hide projects and people' : 'Show projects and people'
  return (
    <button
      type="button"
      className="icon-button"
      aria-expanded={isOpen}
      aria-label={title}
      title={title}
      data-testid="side-button"
      onClick={() => sideIsOpen.set(!isOpen)}
    >
      <Icon name="menu" />
    </button>
  )
}
