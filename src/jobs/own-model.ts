// A compiled model on its way into the list of the visitor's own, out of the browser as its folder or as one file, and back in. The file is an
// uncompressed tar of the folder, so that any tool unpacks it for `--model DIR`. Whatever comes in is checked against the hashes that it brings.
import type { ByteSource } from '../core/checkpoint'
import { baseOf, damaged, readExactly, readJson } from '../core/checkpoint/source'
import { AppError, throwIfAborted } from '../core/errors'
import { parseManifest } from '../core/manifest'
import type { ModelFolderWriter, ModelRecord, ModelStore, Sha256 } from '../core/ports'
import { readTar, tarEnd, tarHeader, tarPadding } from '../core/retrieve'
import { createSha256 } from '../core/sha256'
import type { Manifest, ModelFile } from '../core/types'
import type { CachedFolder } from './cached-folder'
import { describeFile } from './chunks'

const MANIFEST = 'model.json'
/** A folder of ours has chunks of 4 MiB; a few times that is still no danger to memory. */
const MOST_CHUNK_BYTES = 64 << 20
const ID_CHARACTERS = 32

export interface ModelFolder {
  manifest: Manifest
  /** By name, every file that the manifest lists. */
  files: ReadonlyMap<string, ByteSource>
}

/**
 * A folder that was compiled before, found by its model.json; null where there is none. Weights that were left out are left out of the manifest.
 * Throws model_manifest, model_unsupported, model_file_missing, checkpoint_damaged, file_unreadable.
 */
export async function openModelFolder(place: string, sources: readonly ByteSource[]): Promise<ModelFolder | null> {
  const found = sources.filter(({ name }) => baseOf(name) === MANIFEST).sort((a, b) => a.name.length - b.name.length)[0]
  if (!found) return null
  const folder = found.name.slice(0, -MANIFEST.length)
  const listed = parseManifest(await readJson(found))
  const files = new Map<string, ByteSource>()
  for (const { name, bytes, chunkBytes, precision } of listed.files) {
    const source = sources.find((candidate) => candidate.name === folder + name)
    if (!source) {
      if (precision !== undefined) continue
      throw new AppError('model_file_missing', { file: name, place })
    }
    if (source.bytes !== bytes) throw damaged(name, `it has ${source.bytes} bytes, ${MANIFEST} says ${bytes}`)
    if (chunkBytes > MOST_CHUNK_BYTES) throw damaged(MANIFEST, `it cuts ${name} into chunks of ${chunkBytes} bytes`)
    files.set(name, source)
  }
  const manifest = { ...listed, files: listed.files.filter(({ name }) => files.has(name)) }
  const hasWeights = manifest.files.some(({ precision }) => precision !== undefined)
  const weights = listed.files.find(({ precision }) => precision !== undefined)?.name ?? 'weight file'
  const missing = hasWeights ? ['tokenizer.json', 'stems.json'].find((name) => !files.has(name)) : weights
  if (missing !== undefined) throw new AppError('model_file_missing', { file: missing, place })
  return { manifest, files }
}

/** Progress counts bytes. After an error or an abort nothing of it is left. Throws checkpoint_damaged, file_unreadable, storage_refused, aborted. */
export async function importModel(
  signal: AbortSignal,
  { manifest, files }: ModelFolder,
  { writer, sha256 }: { writer: ModelFolderWriter; sha256: Sha256 },
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  async function* verified(file: ModelFile): AsyncGenerator<Uint8Array> {
    const source = files.get(file.name)!
    const whole = createSha256()
    for (const [index, expected] of file.chunkSha256.entries()) {
      const start = index * file.chunkBytes
      const chunk = await readExactly(source, start, Math.min(file.chunkBytes, file.bytes - start))
      if ((await sha256(chunk)) !== expected) throw damaged(file.name, `its chunk ${index + 1} is not what ${MANIFEST} says`)
      whole.update(chunk)
      yield chunk
    }
    if (whole.digest() !== file.sha256) throw damaged(file.name, `its SHA-256 is not what ${MANIFEST} says`)
  }
  await copyFiles(signal, manifest.files, verified, writer, onProgress)
}

/** All files, then what `finish` adds; after an error or an abort the writer is left empty. Progress counts bytes. */
async function copyFiles(
  signal: AbortSignal,
  files: readonly ModelFile[],
  chunksOf: (file: ModelFile) => AsyncIterable<Uint8Array>,
  writer: ModelFolderWriter,
  onProgress: (done: number, total: number) => void,
  finish: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  try {
    for (const file of files) {
      let index = 0
      for await (const chunk of chunksOf(file)) {
        throwIfAborted(signal)
        await writer.chunk(signal, file.name, index++, chunk)
        onProgress((done += chunk.length), total)
      }
      await writer.finish(signal, file)
    }
    await finish()
  } catch (error) {
    await writer.discard()
    throw error
  }
}

/** A model is known by its contents: compiled or imported again it is the same one, and a run that used it can be resumed. */
export async function listModel(manifest: Manifest, createdAt: number, models: ModelStore, sha256: Sha256): Promise<ModelRecord> {
  const contents = [manifest.files.map((file) => file.sha256), manifest.maxTokens, manifest.layout, manifest.template]
  const id = (await sha256(new TextEncoder().encode(JSON.stringify(contents)))).slice(0, ID_CHARACTERS)
  const record = { id, createdAt, manifest: { ...manifest, id } }
  await models.put(record)
  return record
}

/**
 * The model's folder as it stands, a chunk in memory at a time, model.json last: what is not whole is no model. Progress counts bytes. After an error or
 * an abort nothing of it is left. Rejects with weights_damaged where a stored chunk is lost, file_unwritable, aborted.
 */
export async function writeModel(
  signal: AbortSignal,
  folder: CachedFolder<Manifest>,
  { writer, sha256 }: { writer: ModelFolderWriter; sha256: Sha256 },
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const stored = (file: ModelFile) => folder.file(file.name).stream(signal)
  await copyFiles(signal, folder.manifest.files, stored, writer, onProgress, async () => {
    const json = manifestBytes(folder.manifest)
    await writer.chunk(signal, MANIFEST, 0, json)
    await writer.finish(signal, await describeFile(MANIFEST, json, sha256))
  })
}
const manifestBytes = (manifest: Manifest): Uint8Array => new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`)

/** The pieces of the archive, in order, one chunk at a time. `name`: its folder. Rejects with weights_damaged where a stored chunk is lost, aborted. */
export async function* packModel(signal: AbortSignal, name: string, folder: CachedFolder<Manifest>): AsyncGenerator<Uint8Array> {
  const { manifest } = folder
  const json = manifestBytes(manifest)
  yield* [tarHeader(`${name}/${MANIFEST}`, json.length), json, tarPadding(json.length)]
  for (const file of manifest.files) {
    yield tarHeader(`${name}/${file.name}`, file.bytes)
    yield* folder.file(file.name).stream(signal)
    yield tarPadding(file.bytes)
  }
  yield tarEnd()
}

/** The files in an archive that packModel made. Rejects with model_pack_unreadable, file_unreadable. */
export async function unpackModel(pack: ByteSource): Promise<ByteSource[]> {
  try {
    const entries = await readTar(pack.name, pack.bytes, (start, end) => pack.read(start, end - start))
    return entries.map(({ name, start, bytes }) => ({
      name,
      bytes,
      read: (offset, length) => pack.read(start + offset, Math.max(0, Math.min(length, bytes - offset))),
    }))
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'pack_unreadable') throw error
    throw new AppError('model_pack_unreadable', error.detail)
  }
}
