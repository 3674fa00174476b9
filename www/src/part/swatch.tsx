import { palette } from '../color'

interface SwatchPickerProps {
  label: string
  name: string
  value: string
  onChange: (color: string) => void
}

export function SwatchPicker({ label, name, value, onChange }: SwatchPickerProps) {
  // A colour from elsewhere stays on offer, so that looking at it does not lose it.
  const known = palette.some((swatch) => swatch.value === value)
  const swatches = known ? palette : [{ name: 'Other', value }, ...palette]
  return (
    <fieldset className="swatches" data-testid={`field-${name}`}>
      <legend>{label}</legend>
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
