// The matrix as a table, for the terminal and for the guide.

/** A row as the guide has it: the version only where the lock pins it, or every machine would have another guide. */
export const rowText = ({ tool, version, isPinned, way, result }) =>
  `| ${tool} | ${isPinned ? version : ''} | ${way} | ${result} |`.replaceAll('|  |', '| |')

/** All rows with what they ran on and how long the build took. */
export function formatTable(rows) {
  const cells = rows.map(({ tool, version = '', way, result = 'not run', buildMs }) => [
    tool,
    version,
    way,
    result,
    buildMs === undefined ? '' : `${(buildMs / 1000).toFixed(1)} s`,
  ])
  const table = [['tool', 'version', 'way', 'result', 'build'], ...cells]
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)))
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
