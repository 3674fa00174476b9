import type { DroppedValue, RealtimeCalendar } from '@baro-calendar/realtime'
import { notify } from '../feedback/notice'
import { fieldLabel, textOf } from './field'

/** Where nobody is asked, whoever wrote a value that gave way is told at least. */
export function tellWhatGaveWay(calendar: RealtimeCalendar): void {
  calendar.on('conflict:resolved', (conflict, resolved) => {
    const ours = (conflict.dropped ?? []).filter((value) => value.side === 'ours')
    if (ours.length === 0) return
    notify('status', `“${resolved.title}” was changed by somebody else, too. ${ours.map(sentence).join(' ')}`)
  })
}

function sentence({ field, value }: DroppedValue): string {
  return field === 'deleted'
    ? 'So it was not deleted.'
    : `${fieldLabel(field)}: yours, ${textOf(field, value)}, gave way.`
}
