/** What the page's address chooses: the project, the server, who is looking, and how fast the colleagues work. */
const query = new URLSearchParams(location.search)

const chosen = (name: string): string | undefined => query.get(name)?.trim() || undefined

const pace = Number(chosen('pace') ?? 1)

export const page = {
  projectId: chosen('project') ?? 'demo',
  url: chosen('url') ?? '/ws',
  userName: chosen('user'),
  /** Times the speed of a person who takes a moment to think. */
  pace: pace >= 0.1 && pace <= 50 ? pace : 1,
}

/** The same project without a chosen name: opened in a new tab it is a new person. */
export function secondWindow(): string {
  const address = new URL(location.href)
  address.searchParams.delete('user')
  return address.href
}
