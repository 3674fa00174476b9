// What is needed of Apollo's cache, by shape: `InMemoryCache` has all of it. Nothing of Apollo is imported, so that the
// package's types compile without it and next to any of its versions.

/** What `cache.modify` calls with each stored value of a field, and with what belongs to it. */
export interface FieldDetails {
  readonly DELETE: unknown
  /** The field with its arguments, as the cache stores it. */
  readonly storeFieldName: string
  readField(fieldName: string, from?: object): unknown
  canRead(value: never): boolean
}

/** A normalised cache. */
export interface NormalizedCache {
  identify(object: never): string | undefined
  batch(options: { update(cache: never): void; optimistic?: boolean | string; removeOptimistic?: string }): unknown
  removeOptimistic(id: string): void
  writeFragment(options: { id?: string; fragment: object; data: unknown }): unknown
  readFragment(options: { id?: string; fragment: object }): unknown
  writeQuery(options: { query: object; data: unknown }): unknown
  readQuery(options: { query: object; returnPartialData?: boolean }): unknown
  modify(options: { id?: string; fields: never }): boolean
  evict(options: { id?: string; broadcast?: boolean }): boolean
  gc(): string[]
  /** Takes one from the number of times that an entity is kept from being collected: each writing adds one. */
  release?(id: string): number
}

/** What `cache.modify` is given for the fields of an entity. */
export type FieldModifiers =
  | Record<string, (value: unknown, details: FieldDetails) => unknown>
  | ((value: unknown, details: FieldDetails) => unknown)

/** `cache.modify`, whose own type wants to know the entity's fields. */
export function modify(cache: NormalizedCache, id: string, fields: FieldModifiers): void {
  cache.modify({ id, fields: fields as never })
}

/**
 * Has watchers told once of all that `run` does. A batch cannot hold more than one layer, and tells of each; but whatever is done
 * while a field is being modified is told of when that has ended. In a cache without any query's result, each is told by itself.
 */
export function atOnce(cache: NormalizedCache, run: () => void): void {
  let ran = false
  modify(cache, 'ROOT_QUERY', {
    __typename(value) {
      ran = true
      run()
      return value
    },
  })
  if (!ran) run()
}

/** A reference of the cache to an entity. */
export interface Reference {
  readonly __ref: string
}

export function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Reference>).__ref === 'string'
}
