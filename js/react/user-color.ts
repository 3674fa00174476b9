// A user's colour and what is legible on it.

const channel = (hex: string): number => {
  const share = parseInt(hex, 16) / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}

/** Black or white, whichever has the higher contrast with `#rrggbb`: 4.58 to 1 at least. */
export function inkOn(color: string): '#000000' | '#ffffff' {
  const [red = 0, green = 0, blue = 0] = [color.slice(1, 3), color.slice(3, 5), color.slice(5, 7)].map(channel)
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return luminance > 0.1791 ? '#000000' : '#ffffff'
}

/** The initial of a name, whatever script it is in. */
export const initialOf = (name: string): string => ([...name.trim()][0] ?? '?').toLocaleUpperCase()
