// GraphQL documents, made of what is to be written: a fragment with the fields of an object, a query of one field. As plain
// syntax trees, so that neither `graphql` nor its parser has to be there. Knows nothing of calendars.

type Node = Record<string, unknown>

const name = (value: string): Node => ({ kind: 'Name', value })

/** Most fragments that are kept: one for each shape, of which strangers may send any number. */
const FRAGMENTS_MAX = 1000

/** Made once for each shape: the cache keeps what it derives from a document by the document itself. */
const fragments = new Map<string, object>()

/**
 * The fragment on `typename` that selects every field that `object` has, down into objects that name their type, unless they are
 * among `leaves`: those are values like any other.
 */
export function fragmentOf(
  typename: string,
  object: Record<string, unknown>,
  leaves: ReadonlySet<unknown> = new Set(),
): object {
  const shape = shapeOf(object, leaves)
  const key = JSON.stringify([typename, shape])
  const held = fragments.get(key)
  if (held !== undefined) return held
  if (fragments.size >= FRAGMENTS_MAX) fragments.clear()
  const definition = {
    kind: 'FragmentDefinition',
    name: name('CalendarEventFields'),
    typeCondition: { kind: 'NamedType', name: name(typename) },
    selectionSet: selectionOf(shape),
  }
  const document = { kind: 'Document', definitions: [definition] }
  fragments.set(key, document)
  return document
}

/** The query of one field with these arguments, of whose elements nothing but the type is wanted. */
export function queryOf(field: string, given: Readonly<Record<string, unknown>>): object {
  const selection = {
    kind: 'Field',
    name: name(field),
    arguments: Object.entries(given).map(([key, value]) => argumentOf('Argument', key, value)),
    selectionSet: selectionOf([['__typename', undefined]]),
  }
  const operation = {
    kind: 'OperationDefinition',
    operation: 'query',
    selectionSet: { kind: 'SelectionSet', selections: [selection] },
  }
  return { kind: 'Document', definitions: [operation] }
}

/** Field names in their order; beside each that of the fields below it, if it holds objects that name their type. */
type Shape = [field: string, below: Shape | undefined][]

function shapeOf(object: Record<string, unknown>, leaves: ReadonlySet<unknown>): Shape {
  return Object.entries(object).map(([field, value]) => [field, leaves.has(value) ? undefined : below(value, leaves)])
}

function below(value: unknown, leaves: ReadonlySet<unknown>): Shape | undefined {
  const fields: Record<string, unknown> = {}
  for (const one of Array.isArray(value) ? value : [value]) if (namesItsType(one)) Object.assign(fields, one)
  return Object.keys(fields).length > 0 ? shapeOf(fields, leaves) : undefined
}

const namesItsType = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)['__typename'] === 'string'

function selectionOf(shape: Shape): Node {
  const selections = shape.map(([field, inner]) => ({
    kind: 'Field',
    name: name(field),
    ...(inner === undefined ? {} : { selectionSet: selectionOf(inner) }),
  }))
  return { kind: 'SelectionSet', selections }
}

const argumentOf = (kind: string, key: string, value: unknown): Node => ({
  kind,
  name: name(key),
  value: valueOf(value),
})

function valueOf(value: unknown): Node {
  if (value === null || value === undefined) return { kind: 'NullValue' }
  if (typeof value === 'boolean') return { kind: 'BooleanValue', value }
  if (typeof value === 'number')
    return { kind: Number.isInteger(value) ? 'IntValue' : 'FloatValue', value: String(value) }
  if (Array.isArray(value)) return { kind: 'ListValue', values: value.map(valueOf) }
  if (typeof value === 'object' && !(value instanceof Date)) {
    const fields = Object.entries(value).map(([key, inner]) => argumentOf('ObjectField', key, inner))
    return { kind: 'ObjectValue', fields }
  }
  return { kind: 'StringValue', value: value instanceof Date ? value.toISOString() : String(value) }
}
