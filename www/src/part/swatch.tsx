import { palette } from '../color'

interface SwatchPickerProps {
  label: string
  name: string
  /** Empty for the inherited colour. */
  value: string
  /** What is shown where no colour is chosen, if that can be chosen. */
  inherited?: string
  onChange: (color: string) => void
}

export function SwatchPicker({ label, name, value, inherited, onChange }: SwatchPickerProps) {
  // A colour from elsewhere stays on offer, so that looking at it does not lose it.
  const known = value === '' || palette.some((swatch) => swatch.value === value)
  const swatches = known ? palette : [{ name: 'Other', value }, ...palette]
  return (
    <fieldset className="swatches" data-testid={`field-${name}`}>
      <legend>{label}</legend>
      {inherited !== undefined && (
        <label className="swatch-inherited" title="The project’s colour" style={{ color: inherited }}>
          <input
            type="radio"
            name={name}
            value=""
            aria-label="The project’s colour"
            checked={value === ''}
            onChange={() => onChange('')}
          />
        </label>
      )}
      {swatches.map((swatch) => (
        <label key={swatch.value} title={swatch.name} style={{ color: swatch.value }}>
          <input
            type="radio"
            name={name}
            value={swatch.value}
            aria-label={swatch.name}
            checked={swatch.value === value}
            onChange={() => onChange(swatch.value)}
          />
        </label>
      ))}
    </fieldset>
  )
}
