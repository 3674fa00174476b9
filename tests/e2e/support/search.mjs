// Looks through the files of a profile for what a user wrote.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `read` gives, or nothing if what it reads is gone: a browser that runs removes files while they are looked through. */
function unlessGone(read) {
  try {
    return read()
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

function* filesIn(folder) {
  for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesIn(path)
    else if (entry.isFile()) yield path
  }
}

/** The files under `folder` that hold `text`, in any of the encodings in which browsers write. */
export function filesWith(folder, text) {
  const little = Buffer.from(text, 'utf16le')
  const forms = [Buffer.from(text), little, Buffer.from(little).swap16()]
  return [...filesIn(folder)]
    .filter((path) => {
      const bytes = unlessGone(() => readFileSync(path))
      return forms.some((form) => bytes?.includes(form))
    })
    .map((path) => path.slice(folder.length + 1))
}
