import { CollaborationCursors, ConflictDialog } from '@baro-calendar/realtime/react'
import type { DateSelectArg, DatesSetArg, EventApi, EventClickArg } from '@fullcalendar/core'
import dayGridPlugin from '@fullcalendar/daygrid'
import interactionPlugin from '@fullcalendar/interaction'
import listPlugin from '@fullcalendar/list'
import FullCalendar from '@fullcalendar/react'
import timeGridPlugin from '@fullcalendar/timegrid'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useSession, useSource } from '../live/context'
import { useEvents, type Range } from '../live/event'
import { colorsOf, projects } from '../project/project'
import { addMinutes, dayOf, firstDay, locale, nextHour, type Span } from '../time'
import { follow } from '../write'
import { useAnchors } from './anchor'
import { renderChip } from './chip'
import { renderDayHeader } from './day'
import { EmptyHint } from './empty'
import { changedSpan, entriesOf, spanOfEntry, titleOfEvent, type EntryProps } from './entry'
import { usePaced } from './pace'
import { sight } from './spot'
import { Toolbar } from './toolbar'
import { firstView, titleOf, useNarrow, viewsFor, type ViewName } from './view'

interface BoardProps {
  onCreate: (span: Span) => void
  onOpen: (eventId: string) => void
  /** Whether the dialog is open: the drawn selection stays until then. */
  selecting: boolean
  onTitle: (title: string) => void
}

interface Shown {
  range: Range
  view: ViewName
  first: Date
  after: Date
}

const plugins = [dayGridPlugin, timeGridPlugin, listPlugin, interactionPlugin]

export function Board({ onCreate, onOpen, selecting, onTitle }: BoardProps) {
  const { calendar } = useSession()
  const isNarrow = useNarrow()
  const views = viewsFor(isNarrow)
  const [shown, setShown] = useState<Shown>()
  const view = shown?.view ?? firstView(isNarrow)
  const component = useRef<FullCalendar>(null)
  const container = useRef<HTMLDivElement>(null)

  const events = useEvents(shown?.range)
  const list = useSource(projects)
  const entries = usePaced(useMemo(() => entriesOf(events, colorsOf(list)), [events, list]))

  const title = shown ? titleOf(view, shown.first, shown.after, isNarrow) : ''
  const place = shown ? `board:${view}:${dayOf(shown.first)}` : 'board'
  const nameAnchors = useAnchors(container, place)

  useEffect(() => {
    if (!shown || !container.current) return undefined
    sight.set({ container: container.current, place, first: shown.first, after: shown.after })
    return () => sight.set(undefined)
  }, [shown, place])

  const api = () => component.current?.getApi()
  const show = (next: ViewName) => api()?.changeView(next)

  useEffect(() => {
    // The week is not on offer once the window is a phone's.
    if (!viewsFor(isNarrow).includes(view)) api()?.changeView('timeGridDay')
  }, [isNarrow, view])

  useEffect(() => {
    if (!selecting) api()?.unselect()
  }, [selecting])

  useEffect(() => onTitle(title), [title, onTitle])

  const move = (entry: EventApi, revert: () => void) => {
    const { event } = entry.extendedProps as EntryProps
    const span = spanOfEntry(entry)
    const changes = span ? changedSpan(calendar.getEvent(event.id) ?? event, span) : {}
    if (Object.keys(changes).length === 0) return
    const write = follow(`Moving “${titleOfEvent(event)}”`, () => calendar.updateEvent(event.id, changes))
    if (!write) revert()
  }

  return (
    <main className="board">
      <Toolbar
        title={title}
        view={view}
        views={views}
        onView={show}
        onStep={(step) => (step === 'today' ? api()?.today() : step === 'next' ? api()?.next() : api()?.prev())}
        onCreate={() => onCreate(soon(shown))}
      />
      <ConflictDialog className="conflict-bar" opens="asked" locale="en" />
      <div ref={container} className="board-calendar" data-testid="calendar" data-view={view}>
        <FullCalendar
          ref={component}
          plugins={plugins}
          initialView={firstView(isNarrow)}
          headerToolbar={false}
          height="100%"
          locale={locale}
          firstDay={firstDay}
          events={entries}
          eventContent={renderChip}
          dayHeaderContent={renderDayHeader}
          eventDisplay="block"
          eventTimeFormat={{ hour: 'numeric', minute: '2-digit', omitZeroMinute: true, meridiem: 'short' }}
          slotLabelFormat={{ hour: 'numeric', minute: '2-digit', omitZeroMinute: true, meridiem: 'short' }}
          displayEventEnd={view !== 'dayGridMonth'}
          allDayText="all day"
          noEventsText="Nothing planned this week"
          listDaySideFormat={false}
          nowIndicator
          navLinks={!isNarrow}
          navLinkDayClick={(date) => api()?.changeView('timeGridDay', date)}
          scrollTime="07:45:00"
          defaultRangeSeparator=" – "
          scrollTimeReset={false}
          slotDuration="00:30:00"
          snapDuration="00:15:00"
          dayMaxEvents
          eventMaxStack={isNarrow ? 3 : 5}
          moreLinkContent={({ num }) => (isNarrow ? `+${num}` : `+${num} more`)}
          slotEventOverlap={false}
          fixedWeekCount={false}
          editable
          selectable
          selectMirror
          unselectAuto={false}
          eventInteractive
          longPressDelay={350}
          dragRevertDuration={150}
          select={(selection) => onCreate(spanOfSelection(selection))}
          eventClick={(click: EventClickArg) => {
            click.jsEvent.preventDefault()
            onOpen(click.event.id)
          }}
          eventDrop={({ event, revert }) => move(event, revert)}
          eventResize={({ event, revert }) => move(event, revert)}
          viewDidMount={nameAnchors}
          datesSet={(dates) => setShown(shownOf(dates))}
        />
        <CollaborationCursors className="cursors" containerRef={container} unit="share" />
        <EmptyHint />
      </div>
    </main>
  )
}

function shownOf({ start, end, view }: DatesSetArg): Shown {
  return {
    range: { from: start.toISOString(), to: end.toISOString() },
    view: view.type as ViewName,
    first: view.currentStart,
    after: view.currentEnd,
  }
}

function spanOfSelection({ start, end, allDay }: DateSelectArg): Span {
  return allDay
    ? { allDay, startDate: dayOf(start), endDate: dayOf(end) }
    : { allDay, startDate: start.toISOString(), endDate: end.toISOString() }
}

/** An hour from now, or in the morning of the first day when the calendar shows another time. */
function soon(shown: Shown | undefined): Span {
  const now = nextHour()
  const start = shown && (now < shown.first || now >= shown.after) ? new Date(new Date(shown.first).setHours(9)) : now
  return { allDay: false, startDate: start.toISOString(), endDate: addMinutes(start, 60).toISOString() }
}
