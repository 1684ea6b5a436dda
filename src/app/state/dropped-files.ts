// What was dropped, with the files of dropped folders: names are paths. A model's folder is told from a file of questions by its names.
import { AppError } from '../../core/errors'

export interface NamedFile {
  name: string
  blob: File
}

/** A folder of more files is none of a model. */
const MOST_FILES = 2_000
const WEIGHTS = /\.(safetensors|onnx)$|(^|\/)pytorch_model[^/]*\.bin$/i
const DESCRIPTION = /(^|\/)(config|model)\.json$/

/** To be called while the event is handled: what it carries is gone afterwards. Rejects with file_unreadable. */
export function readDrop(data: Pick<DataTransfer, 'items' | 'files'>): Promise<NamedFile[]> {
  const files = [...data.files].map((blob) => ({ name: blob.name, blob }))
  const entries = [...data.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null))
  const folders = entries.filter((entry) => entry !== null)
  // Without a folder among them the files are there as they are.
  return folders.some((entry) => entry.isDirectory) ? readEntries(folders) : Promise.resolve(files)
}

/** Weights say that it is a model; config.json alone does so where it can be nothing else. */
export function isModel(names: readonly string[], isDescriptionEnough: boolean): boolean {
  return names.some((name) => WEIGHTS.test(name) || (isDescriptionEnough && DESCRIPTION.test(name)))
}

async function readEntries(entries: readonly FileSystemEntry[]): Promise<NamedFile[]> {
  const found: NamedFile[] = []
  const open = [...entries]
  for (let entry = open.shift(); entry && found.length < MOST_FILES; entry = open.shift()) {
    if (entry.isDirectory) open.push(...(await childrenOf(entry as FileSystemDirectoryEntry)))
    else found.push({ name: entry.fullPath.replace(/^\//, ''), blob: await fileOf(entry as FileSystemFileEntry) })
  }
  return found
}

/** A reader gives its entries in portions, an empty one last. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const children: FileSystemEntry[] = []
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, (error) => {
        reject(unreadable(folder, error))
      })
    })
    if (portion.length === 0) return children
    children.push(...portion)
  }
}
function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, (error) => {
      reject(unreadable(entry, error))
    })
  })
}
const unreadable = (entry: FileSystemEntry, error: DOMException): AppError =>
  new AppError('file_unreadable', { file: entry.name, reason: error.message || error.name })
