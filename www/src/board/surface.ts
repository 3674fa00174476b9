/**
 * Pointers are told in ten-thousandths of a surface, so that they point at the same thing in windows of other sizes.
 * The surface is the part of a view that holds the days: in the week it scrolls, and a pointer at ten o'clock is at
 * ten o'clock for everybody, however far each has scrolled. What lies outside of it, as the header, is below 0 or
 * above 10000.
 */
export const scale = 10_000

function partOf(container: HTMLElement): DOMRect {
  const days = container.querySelector('.fc-timegrid-cols') ?? container.querySelector('.fc-daygrid-body')
  return (days ?? container).getBoundingClientRect()
}

export function toSurface(container: HTMLElement, x: number, y: number): { x: number; y: number } {
  const part = partOf(container)
  return {
    x: Math.round(((x - part.left) / (part.width || 1)) * scale),
    y: Math.round(((y - part.top) / (part.height || 1)) * scale),
  }
}

/** Where the surface lies inside the container, so that many pointers cost one measurement. */
export function surfaceOf(container: HTMLElement): { left: number; top: number; width: number; height: number } {
  const part = partOf(container)
  const whole = container.getBoundingClientRect()
  return { left: part.left - whole.left, top: part.top - whole.top, width: part.width, height: part.height }
}
