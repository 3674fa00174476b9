/** The class of a component for a style sheet, with what the program adds. */
export const classNames = (own: string, added: string | undefined): string => (added ? `${own} ${added}` : own)
