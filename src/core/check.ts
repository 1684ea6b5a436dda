// Small checks of parsed JSON. Each takes the field's name, the value, and the error to throw with what is wrong and a hint.

export type Refuse = (field: string, value: string, hint: string) => Error
export interface Checks {
  record(value: unknown, field: string): Record<string, unknown>
  list(field: string, value: unknown): unknown[]
  text(field: string, value: unknown): void
  /** A whole number above 0. */
  count(field: string, value: unknown): void
}

export function createChecks(refuse: Refuse): Checks {
  return {
    record(value, field) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(field, show(value), 'It must be an object.')
      return value as Record<string, unknown>
    },
    list(field, value) {
      if (!Array.isArray(value)) throw refuse(field, show(value), 'It must be a list.')
      return value
    },
    text(field, value) {
      if (typeof value !== 'string' || value === '') throw refuse(field, show(value), 'It must be a text.')
    },
    count(field, value) {
      if (!Number.isSafeInteger(value) || (value as number) <= 0) throw refuse(field, show(value), 'It must be a whole number above 0.')
    },
  }
}

/** A value for a message: JSON, cut to 60 characters. */
export function show(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value)).slice(0, 60)
}

/** The entry `files[index]` of a manifest: name, size, and a hash for each chunk. */
export function checkFileEntry(checks: Checks, refuse: Refuse, value: unknown, index: number): Record<string, unknown> {
  const at = `files[${index}]`
  const file = checks.record(value, at)
  checks.text(`${at}.name`, file['name'])
  checks.count(`${at}.bytes`, file['bytes'])
  checks.count(`${at}.chunkBytes`, file['chunkBytes'])
  checks.text(`${at}.sha256`, file['sha256'])
  const chunks = checks.list(`${at}.chunkSha256`, file['chunkSha256']).length
  const expected = Math.ceil((file['bytes'] as number) / (file['chunkBytes'] as number))
  if (chunks !== expected) throw refuse(`${at}.chunkSha256`, `${chunks} hashes`, `${String(file['bytes'])} bytes make ${expected} chunks.`)
  return file
}
