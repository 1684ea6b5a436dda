// The visitor's own corpora: looked at, indexed into a library, imported and exported as a pack.
import { AppError } from '../core/errors'
import type { Clock, LibraryRecord } from '../core/ports'
import {
  baseName,
  BM25_SETTINGS,
  corpusKind,
  guessColumns,
  LIBRARY_FORMAT,
  lookInside,
  NO_LICENCE,
  type Codec,
  type CorpusFile,
  type OpenParquet,
} from '../core/retrieve'
import { indexCorpus } from '../jobs/build-library'
import { packLibrary, unpackLibrary } from '../jobs/build-library-pack'
import { storeLibrary, type StoringDeps } from '../jobs/build-library-store'
import { Gate } from '../jobs/gate'
import { createMeter } from '../jobs/progress'
import type { LibraryHost, LibraryHostDeps } from './library-host'
import type { CorpusParams, CorpusProgress, CorpusView, LibraryEntry } from './protocol'

export interface LibraryFilesDeps extends LibraryHostDeps {
  clock: Clock
  /** Milliseconds since 1970. */
  wallClock(): number
  /** Raw deflate. */
  deflate: Codec
  openParquet: OpenParquet
}
interface NamedBlob {
  name: string
  blob: Blob
}
const SAMPLES = 3
const SAMPLE_CHARACTERS = 200

export class LibraryFiles {
  readonly #gate = new Gate()

  constructor(
    private readonly deps: LibraryFilesDeps,
    private readonly host: LibraryHost,
  ) {}

  /** What cannot be indexed is listed with its reason; rejects with that reason where nothing is left. */
  async inspect(files: readonly NamedBlob[]): Promise<CorpusView> {
    const view: CorpusView = { files: [], columns: [], textColumn: null, titleColumn: null, suggestedTitle: '', samples: [] }
    const rows: string[][] = []
    for (const blob of files) {
      const file = corpusFile(blob)
      try {
        const kind = await corpusKind(file)
        const seen = await lookInside(file, kind, this.deps.openParquet)
        if (view.columns.length === 0) rows.push(...seen.rows)
        view.columns = [...new Set([...view.columns, ...seen.columns])]
        view.files.push({ name: file.name, bytes: file.bytes, kind, refusal: null })
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'aborted') throw error
        view.files.push({ name: file.name, bytes: file.bytes, kind: '', refusal: { code: error.code, detail: error.detail } })
      }
    }
    const readable = view.files.filter(({ refusal }) => refusal === null)
    const refusal = view.files.find((file) => file.refusal !== null)?.refusal
    if (readable.length === 0) throw refusal ? new AppError(refusal.code, refusal.detail) : new AppError('corpus_empty', { files: '–' })
    const { text, title } = guessColumns(view.columns, rows)
    const textAt = view.columns.indexOf(text ?? '')
    return {
      ...view,
      textColumn: text,
      titleColumn: title,
      suggestedTitle: baseName(readable[0]!.name),
      samples: rows
        .map((cells) => (cells[textAt] ?? '').trim().slice(0, SAMPLE_CHARACTERS))
        .filter((sample) => sample !== '')
        .slice(0, SAMPLES),
    }
  }

  /** Pauses what is being indexed, or lets it go on. */
  hold(isHeld: boolean): void {
    this.#gate.isClosed = isHeld
  }

  async add(signal: AbortSignal, params: CorpusParams, emit: (progress: CorpusProgress) => void): Promise<LibraryEntry> {
    const { title, textColumn, titleColumn } = params
    this.hold(false)
    const files = params.files.map(corpusFile)
    const meter = createMeter(this.deps.clock)
    const name = title.trim() || baseName(files[0]?.name ?? '')
    const id = slug(name)
    const deps = { ...this.deps, mayGoOn: (held: AbortSignal) => this.#gate.pass(held) }
    const indexed = await indexCorpus(signal, files, { text: textColumn, title: titleColumn }, id, deps, (progress) => {
      emit({
        ...meter(progress.done, progress.total),
        file: progress.file,
        fileName: files[progress.file]!.name,
        fileShare: progress.share,
      })
    })
    const manifest = {
      format: LIBRARY_FORMAT,
      id,
      title: name,
      licence: NO_LICENCE,
      source: files.length > 3 ? `${files.length} files` : files.map((file) => file.name).join(', '),
      passages: indexed.passageCount,
      textBytes: indexed.textBytes,
      bm25: BM25_SETTINGS,
    } as const
    return this.#store(signal, manifest, indexed)
  }

  async import(signal: AbortSignal, blob: NamedBlob, emit: (progress: CorpusProgress) => void): Promise<LibraryEntry> {
    const meter = createMeter(this.deps.clock)
    const checks = { sha256: this.#storing().sha256, inflate: this.deps.inflate }
    const { manifest, files } = await unpackLibrary(signal, corpusFile(blob), checks, (done, total) => {
      emit({ ...meter(done, total), file: 0, fileName: blob.name, fileShare: done / total })
    })
    return this.#store(signal, manifest, files)
  }

  /** Rejects with library_gone, library_damaged, download_failed. */
  async export(signal: AbortSignal, id: string): Promise<Blob> {
    const pieces = await packLibrary(signal, await this.host.folder(signal, id))
    return new Blob(pieces as Uint8Array<ArrayBuffer>[], { type: 'application/x-tar' })
  }

  async #store(
    signal: AbortSignal,
    manifest: Omit<LibraryRecord['manifest'], 'files'>,
    files: Parameters<typeof storeLibrary>[2],
  ): Promise<LibraryEntry> {
    const draft = { createdAt: this.deps.wallClock(), manifest }
    const record = await storeLibrary(signal, draft, files, this.#storing())
    return this.host.entry(record.id, record.manifest, record.createdAt)
  }

  #storing(): StoringDeps {
    const { store, sha256 } = this.deps.libraryCache('')
    return { store, sha256, libraries: this.deps.libraries }
  }
}

function corpusFile({ name, blob }: NamedBlob): CorpusFile {
  return {
    name,
    bytes: blob.size,
    async slice(start, end) {
      try {
        return new Uint8Array(await blob.slice(start, end).arrayBuffer())
      } catch (error) {
        throw new AppError('file_unreadable', { file: name, reason: error instanceof Error ? error.message : String(error) })
      }
    },
  }
}

/** "My notes, 2024" -> "my-notes-2024": a name for passages that reads well in reports. */
function slug(title: string): string {
  const plain = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
  return Array.from(plain).slice(0, 40).join('') || 'library'
}
