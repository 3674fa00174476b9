import { useState, type FormEvent } from 'react'
import { Avatar } from '../part/avatar'
import { Popover } from '../part/popover'
import { SwatchPicker } from '../part/swatch'
import { useSession } from '../live/context'
import { secondWindow } from '../page'
import { reopenSession } from '../session'

/** Who you are to the others. */
export function Profile() {
  const { identity } = useSession()
  return (
    <Popover
      id="profile"
      label="You"
      testId="profile"
      buttonClass="profile-button"
      button={
        <>
          <Avatar name={identity.name} color={identity.color} />
          <span className="unseen">You: </span>
          <span className="profile-name">{identity.name}</span>
        </>
      }
    >
      <ProfileForm />
    </Popover>
  )
}

function ProfileForm() {
  const { identity } = useSession()
  const [name, setName] = useState(identity.name)
  const [color, setColor] = useState(identity.color)
  const unchanged = name.trim() === '' || (name.trim() === identity.name && color === identity.color)

  const save = (event: FormEvent) => {
    event.preventDefault()
    if (!unchanged) void reopenSession({ ...identity, name: name.trim(), color })
  }

  return (
    <form className="profile" onSubmit={save}>
      <label className="field">
        <span>Your name</span>
        <input
          value={name}
          maxLength={40}
          required
          autoComplete="off"
          data-testid="profile-name"
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <SwatchPicker label="Your colour" name="profile-color" value={color} onChange={setColor} />
      <button type="submit" className="button primary wide" disabled={unchanged} data-testid="profile-save">
        Save
      </button>
      <p className="profile-note">
        Others see your name and your pointer.{' '}
        <a href={secondWindow()} target="_blank" rel="noopener">
          Open as somebody else
        </a>
      </p>
    </form>
  )
}
