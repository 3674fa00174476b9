interface SwitchProps {
  label: string
  hint?: string
  checked: boolean
  testId: string
  onChange: (checked: boolean) => void
}

export function Switch({ label, hint, checked, testId, onChange }: SwitchProps) {
  return (
    <label className="switch">
      <span>
        <span className="switch-label">{label}</span>
        {hint && <span className="switch-hint">{hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        checked={checked}
        data-testid={testId}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  )
}
