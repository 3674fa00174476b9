// Looks through the files of a profile for what a user wrote.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files under `folder` that hold `text`, in any of the encodings in which browsers write. */
export function filesWith(folder, text) {
  const little = Buffer.from(text, 'utf16le')
  const forms = [Buffer.from(text), little, Buffer.from(little).swap16()]
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path)
      return forms.some((form) => bytes.includes(form))
    })
    .map((path) => path.slice(folder.length + 1))
}
