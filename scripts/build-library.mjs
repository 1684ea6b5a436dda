// Makes the embedded library: textbook paragraphs -> libraries/openstax/{pack.json, index.bin, passages.bin}. Same input, same bytes.
// usage: node scripts/build-library.mjs PARAGRAPHS.jsonl [OUT]        lines: {book, title, text}
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { runnerImport } from 'vite'
import { ROOT } from './prepare.mjs'

const CHUNK_BYTES = 4 << 20
const [input, out = join(ROOT, 'libraries/openstax')] = process.argv.slice(2)
if (!input) {
  console.error('usage: node scripts/build-library.mjs PARAGRAPHS.jsonl [OUT]')
  process.exit(2)
}
const { module: retrieve } = await runnerImport(join(ROOT, 'src/core/retrieve/index.ts'))

const deflate = promisify(deflateRaw)
const index = new retrieve.IndexBuilder()
const passages = new retrieve.PassageFileBuilder((bytes) => deflate(bytes, { level: 9 }))
let count = 0
let textBytes = 0
for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
  if (line.trim() === '') continue
  const { book, title, text } = JSON.parse(line)
  index.add(text)
  await passages.add({ id: `openstax-${count + 1}`, title, source: `OpenStax, ${book}, CC BY 4.0`, text })
  count += 1
  textBytes += Buffer.byteLength(text)
}

mkdirSync(out, { recursive: true })
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
function write(name, bytes) {
  writeFileSync(join(out, name), bytes)
  const chunkSha256 = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunkSha256.push(sha256(bytes.subarray(at, at + CHUNK_BYTES)))
  return { name, bytes: bytes.length, sha256: sha256(bytes), chunkBytes: CHUNK_BYTES, chunkSha256 }
}
const files = [write(retrieve.INDEX_FILE, index.finish()), write(retrieve.PASSAGE_FILE, await passages.finish())]
const manifest = {
  format: retrieve.LIBRARY_FORMAT,
  id: 'openstax',
  title: 'OpenStax textbooks',
  licence: 'CC BY 4.0',
  source: 'https://openstax.org',
  passages: count,
  textBytes,
  bm25: retrieve.BM25_SETTINGS,
  files,
}
writeFileSync(join(out, 'pack.json'), JSON.stringify(manifest, null, 1) + '\n')
for (const { name, bytes } of files) console.error(`${name}: ${(bytes / 1e6).toFixed(2)} MB, ${(bytes / textBytes).toFixed(3)} of the text`)
