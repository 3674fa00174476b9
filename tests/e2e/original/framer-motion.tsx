// As much of framer-motion as the documents use, without the motion.

import type { ComponentProps, ReactNode } from 'react'

type Animated = ComponentProps<'div'> & { initial?: object; animate?: object; exit?: object; transition?: object }

export const motion = {
  div: ({ initial: _initial, animate: _animate, exit: _exit, transition: _transition, ...given }: Animated) => (
    <div {...given} />
  ),
}

export const AnimatePresence = ({ children }: { children?: ReactNode }) => <>{children}</>
