import { Icon } from '../part/icon'

export function Fault({ text }: { text: string | undefined }) {
  return (
    <p id="fault" className="fault" role="alert" hidden={!text}>
      <Icon name="alert" /> {text}
    </p>
  )
}
