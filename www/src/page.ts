/** What the page's address chooses: the project, the server, and who is looking. */
const query = new URLSearchParams(location.search)

const chosen = (name: string): string | undefined => query.get(name)?.trim() || undefined

export const page = {
  projectId: chosen('project') ?? 'demo',
  url: chosen('url') ?? '/ws',
  userName: chosen('user'),
}

/** The same project without a chosen name: opened in a new tab it is a new person. */
export function secondWindow(): string {
  const address = new URL(location.href)
  address.searchParams.delete('user')
  return address.href
}
