// Checkpoints for tests: folders of tests/fixtures, and files in memory.
import { readdirSync, readFileSync } from 'node:fs'
import type { ByteSource } from '../../src/core/checkpoint'

const FIXTURES = new URL('../fixtures/checkpoints/', import.meta.url)

/** Every checkpoint of tests/fixtures. */
export const FOLDERS = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

export const memorySource = (name: string, bytes: Uint8Array): ByteSource => ({
  name,
  bytes: bytes.length,
  read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
})
export const textSource = (name: string, text: string): ByteSource => memorySource(name, new TextEncoder().encode(text))
export const jsonSource = (name: string, json: unknown): ByteSource => textSource(name, JSON.stringify(json))

export const fixtureBytes = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(path, FIXTURES)))
export const fixtureJson = (path: string): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(fixtureBytes(path))) as Record<string, unknown>

/** The files of a fixture that do not say golden, without those named in `without`. */
export function fixtureSources(folder: string, without: readonly string[] = []): ByteSource[] {
  return readdirSync(new URL(`${folder}/`, FIXTURES), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('golden') && !without.includes(entry.name))
    .map(({ name }) => memorySource(name, fixtureBytes(`${folder}/${name}`)))
}
