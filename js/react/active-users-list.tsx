'use client'
// The others as a list of pictures or initials. What a picture does not say is in its text.

import { type CSSProperties, type ReactElement, useMemo } from 'react'
import type { UserPresence } from '../types.js'
import { classNames } from './class-name.js'
import { useSession } from './context.js'
import { users } from './presence.js'
import { useSource } from './source.js'
import type { Texts } from './texts.js'
import { Unseen } from './unseen.js'
import { initialOf, inkOn } from './user-color.js'
import { useWording, type WordingProps } from './wording.js'

/** What `ActiveUsersList` takes. */
export interface ActiveUsersListProps extends WordingProps {
  className?: string | undefined
  /** How many are shown before the rest is a number: 5. */
  max?: number | undefined
}

/** Who else is here, with who is away and who edits something. */
export function ActiveUsersList({ className, max = 5, ...wording }: ActiveUsersListProps): ReactElement {
  const session = useSession('ActiveUsersList')
  const everybody = [...useSource(useMemo(() => users(session), [session])).values()]
  const { texts } = useWording(wording)
  const rest = everybody.slice(max)
  return (
    <ul className={classNames('baro-users', className)} aria-label={texts.people}>
      {everybody.slice(0, max).map((user) => (
        <User key={user.id} user={user} texts={texts} />
      ))}
      {rest.length > 0 && (
        <li className="baro-user baro-users-more" title={rest.map(({ name }) => name).join(', ')}>
          <span aria-hidden="true">+{rest.length}</span>
          <Unseen>{texts.more(rest.length)}</Unseen>
        </li>
      )}
    </ul>
  )
}

function User({ user, texts }: { user: UserPresence; texts: Texts }): ReactElement {
  const does = [user.status === 'away' ? texts.away : undefined, user.editing && texts.editing].filter(Boolean)
  const told = does.length === 0 ? user.name : `${user.name} (${does.join(', ')})`
  const style = { '--baro-user': user.color, '--baro-user-ink': inkOn(user.color) } as CSSProperties
  return (
    <li className="baro-user" style={style} data-status={user.status} data-editing={user.editing?.eventId} title={told}>
      {user.avatar === undefined ? (
        <span aria-hidden="true" className="baro-user-initial">
          {initialOf(user.name)}
        </span>
      ) : (
        <img src={user.avatar} alt="" className="baro-user-picture" />
      )}
      <Unseen>{told}</Unseen>
    </li>
  )
}
