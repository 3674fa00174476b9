/** The colours that people and events can have. Each carries white text at 4.5:1 or better. */
export interface Swatch {
  name: string
  value: string
}

export const palette: readonly Swatch[] = [
  { name: 'Blue', value: '#2f5fd0' },
  { name: 'Teal', value: '#0f766e' },
  { name: 'Green', value: '#3f7a1f' },
  { name: 'Amber', value: '#9a6200' },
  { name: 'Orange', value: '#c2410c' },
  { name: 'Red', value: '#c01d3f' },
  { name: 'Pink', value: '#b0267f' },
  { name: 'Violet', value: '#6d3fd1' },
  { name: 'Slate', value: '#52607a' },
]

export const defaultColor = '#2f5fd0'

const plain = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i

/** Colours arrive from other people's clients, so only a plain hex value reaches a style. */
export function safeColor(value: unknown, otherwise = defaultColor): string {
  return typeof value === 'string' && plain.test(value) ? value : otherwise
}

/** Black or white, whichever reads better on the colour. */
export function inkOn(color: string): string {
  const hex = color.length === 4 ? color.replace(/[0-9a-f]/gi, '$&$&') : color
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const level = parseInt(hex.slice(at, at + 2), 16) / 255
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? '#000' : '#fff'
}
