import { useLayoutEffect, useRef, type ReactNode } from 'react'
import { Icon } from '../part/icon'

interface DialogProps {
  title: string
  onClose: () => void
  onSubmit: () => void
  children: ReactNode
  footer: ReactNode
}

/** The browser's own modal dialog: it keeps the focus, closes on Escape and gives the focus back. */
export function Dialog({ title, onClose, onSubmit, children, footer }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)

  // A layout effect, because it ends while the dialog is still in the page: only then does closing give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    // Left alone the browser would choose the close button. On a touch screen a field would bring up the keyboard.
    if (matchMedia('(pointer: fine)').matches) element?.querySelector<HTMLElement>('input')?.focus()
    else element?.focus()
    return () => element?.close()
  }, [])

  return (
    <dialog
      ref={dialog}
      className="dialog"
      tabIndex={-1}
      aria-labelledby="dialog-title"
      data-testid="dialog"
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        // The backdrop belongs to the dialog element; everything that is seen of it lies in the form.
        if (event.target === event.currentTarget) onClose()
      }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        <header className="dialog-head">
          <h2 id="dialog-title">{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        <div className="dialog-body">{children}</div>
        <footer className="dialog-foot">{footer}</footer>
      </form>
    </dialog>
  )
}
