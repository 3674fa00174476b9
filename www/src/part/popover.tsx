import { useRef, useState, type ReactNode } from 'react'

interface PopoverProps {
  id: string
  label: string
  button: ReactNode
  buttonClass: string
  testId?: string
  /** What the button says to someone who cannot see it, unless its content says it. */
  title?: string
  children: ReactNode
}

/**
 * A button and what it opens. The browser's own popover brings closing by Escape and by a click elsewhere, and puts
 * focus back; it only has to be told where to stand. The content is made while it is open and not otherwise.
 */
export function Popover({ id, label, button, buttonClass, testId, title, children }: PopoverProps) {
  const [open, setOpen] = useState(false)
  const anchor = useRef<HTMLButtonElement>(null)
  const panel = useRef<HTMLDivElement>(null)

  const place = () => {
    const edge = anchor.current?.getBoundingClientRect()
    if (!edge || !panel.current) return
    const right = document.documentElement.clientWidth - edge.right
    panel.current.style.top = `${edge.bottom + 8}px`
    panel.current.style.right = `max(12px, min(${right}px, 100vw - 12px - var(--popover-width)))`
  }

  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={buttonClass}
        popoverTarget={id}
        aria-expanded={open}
        aria-label={title}
        title={title}
        data-testid={testId}
      >
        {button}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={label}
        className="popover"
        onBeforeToggle={(event) => {
          if (event.newState === 'open') place()
        }}
        onToggle={(event) => setOpen(event.newState === 'open')}
      >
        {open && children}
      </div>
    </>
  )
}
