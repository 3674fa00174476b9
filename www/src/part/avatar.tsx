import { inkOn } from '../color'
import { initialOf } from '../identity'

interface AvatarProps {
  name: string
  color: string
  away?: boolean
}

export function Avatar({ name, color, away = false }: AvatarProps) {
  return (
    <span
      className="avatar"
      style={{ background: color, color: inkOn(color) }}
      data-away={away || undefined}
      aria-hidden="true"
    >
      {initialOf(name)}
    </span>
  )
}
