// Finds out how the embedder in a folder wants to be run, wherever the folder lies.
import { AppError } from '../core/errors'
import type { FileSource } from '../core/ports'
import { EMBEDDER_FILES, readEmbedderFolder, type EmbedderSettings } from '../core/retrieve'

/** Throws embedder_file_missing, embedder_unsupported, file_unreadable. */
export async function readEmbedderSettings(signal: AbortSignal, source: FileSource): Promise<EmbedderSettings> {
  const names = new Set<string>()
  const contents = new Map<string, unknown>()
  for (const name of EMBEDDER_FILES) {
    if (!(await exists(signal, source, name))) continue
    names.add(name)
    if (name.endsWith('.json')) contents.set(name, parseJson(await source.readAll(signal, name)))
  }
  return readEmbedderFolder(source.place, names, (name) => contents.get(name))
}

/** Reads the first piece only. */
async function exists(signal: AbortSignal, source: FileSource, name: string): Promise<boolean> {
  try {
    for await (const piece of source.readFrom(signal, name, 0)) if (piece.length > 0) return true
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'model_file_missing') return false
    throw error
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
