// Parquet by hyparquet, which is fetched only when somebody drops such a file. A row group is decoded at a time, and of it only the columns
// that are asked for.
import { AppError } from '../../core/errors'
import type { CorpusFile, OpenParquet } from '../../core/retrieve'

export const openParquet: OpenParquet = async (file) => {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const source = {
    byteLength: file.bytes,
    slice: async (start: number, end = file.bytes): Promise<ArrayBuffer> => (await file.slice(start, end)).buffer,
  }
  const metadata = await orUnreadable(file, () => parquetMetadataAsync(source))
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name)
  const groups = metadata.row_groups.map((group) => Number(group.num_rows))
  return {
    columns,
    rowCount: groups.reduce((sum, rows) => sum + rows, 0),
    async *read(wanted, rows) {
      let rowStart = 0
      for (const size of groups) {
        if (rowStart >= rows) return
        const rowEnd = Math.min(rows, rowStart + size)
        const read = { file: source, metadata, compressors, columns: [...wanted], rowStart, rowEnd }
        const records = await orUnreadable(file, () => parquetReadObjects(read))
        yield records.map((record) => wanted.map((name) => cellText(record[name])))
        rowStart += size
      }
    },
  }
}

/** hyparquet throws plain errors ("parquet unsupported compression codec: LZO"); a file that cannot be sliced keeps its own. */
async function orUnreadable<T>(file: CorpusFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError) throw error
    const reason = (error instanceof Error ? error.message : String(error)).replace(/^parquet /, '').slice(0, 200)
    throw new AppError('parquet_unreadable', { file: file.name, reason })
  }
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(cellText).join(' ')
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object'
    ? JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
    : String(value as number)
}
