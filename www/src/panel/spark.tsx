const width = 300
const height = 56
/** The plot's length in samples: two minutes at one a second. */
const length = 120

interface SparkProps {
  label: string
  /** What is read last, with its unit. */
  now: string
  testId: string
  /** Oldest first; `undefined` where nothing is known. The first line is drawn with an area. */
  lines: readonly { name: string; values: readonly (number | undefined)[] }[]
  /** The least that the top of the plot stands for, so that noise does not look like a storm. */
  least: number
  unit: string
}

/** A small plot: time to the right, from zero to the largest value, which is written at the top. */
export function Spark({ label, now, testId, lines, least, unit }: SparkProps) {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== undefined)
  const top = Math.max(least, ...values)
  return (
    <figure className="spark" data-testid={testId}>
      <figcaption>
        <span>{label}</span>
        <strong>{now}</strong>
      </figcaption>
      <div className="spark-plot">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${now}`}>
          <line className="spark-rule" x1="0" x2={width} y1="1" y2="1" />
          <line className="spark-rule" x1="0" x2={width} y1={height - 1} y2={height - 1} />
          {lines.map((line, at) => (
            <Line key={line.name} values={line.values} top={top} index={at} />
          ))}
        </svg>
        <span className="spark-top">{`${rounded(top)} ${unit}`}</span>
      </div>
      {lines.length > 1 && (
        <ul className="spark-names">
          {lines.map((line, at) => (
            <li key={line.name} className={`spark-name spark-name-${at}`}>
              {line.name}
            </li>
          ))}
        </ul>
      )}
    </figure>
  )
}

function Line({ values, top, index }: { values: readonly (number | undefined)[]; top: number; index: number }) {
  const step = width / (length - 1)
  const first = length - values.length
  const points = values.flatMap((value, at) =>
    value === undefined
      ? []
      : [[((first + at) * step).toFixed(1), (height - 1 - (value / top) * (height - 4)).toFixed(1)] as const],
  )
  if (points.length < 2) return null
  const path = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('')
  return (
    <>
      {index === 0 && (
        <path className="spark-area" d={`${path}L${points.at(-1)?.[0]} ${height}L${points[0]?.[0]} ${height}Z`} />
      )}
      <path className={`spark-line spark-line-${index}`} d={path} />
    </>
  )
}

/** Three digits are enough for a glance. */
export function rounded(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
}
