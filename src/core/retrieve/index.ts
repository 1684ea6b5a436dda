// Open book: passages in, index out; question in, passages out.
export { Bm25, type Bm25Settings, type Hit } from './bm25'
export {
  baseName,
  CORPUS_MEGABYTES,
  corpusKind,
  lookInside,
  readCorpus,
  type CorpusColumns,
  type CorpusDocument,
  type CorpusFile,
  type CorpusKind,
  type OpenParquet,
  type ParquetTable,
} from './corpus'
export { guessColumns } from './corpus-columns'
export { IndexBuilder } from './index-builder'
export { openIndex, type PassageIndex } from './index-file'
export { BM25_SETTINGS, INDEX_FILE, Library, PASSAGE_FILE, queryTermsOf } from './library'
export { parseLibraryManifest } from './library-manifest'
export { readTar, tarEnd, tarHeader, tarPadding, type TarEntry } from './pack-file'
export { PassageFile, PassageFileBuilder, type Codec, type Passage } from './passage-file'
export { PASSAGE_SIZE, splitPassages, type PassageSize } from './passages'
export { buildShards, SHARD_SETTINGS, type ShardSettings } from './sharded-builder'
export { openDirectory, writeDirectory, type Directory } from './sharded-directory'
export {
  blockName,
  DIRECTORY_FILE,
  postingShardName,
  SHARDED_FORMAT,
  TABLE_BLOCKS,
  tableName,
  writeEntries,
  type ShardedManifest,
  type ShardEntry,
} from './sharded-format'
export { COLD_BUDGET, ShardedLibrary, type FetchShard } from './sharded-library'
export { parseShardedManifest } from './sharded-manifest'
export { type ShardBudget, type ShardPlan } from './sharded-plan'
export { termsOf } from './terms'
export { LIBRARY_FORMAT, NO_LICENCE, type LibraryManifest } from './types'
export { EMBEDDER_FILES, folderPaths, readEmbedderFolder } from './dense-folder'
export { fuseRankings } from './dense-fusion'
export { HybridLibrary } from './dense-library'
export {
  EMBEDDER_FORMAT,
  parseEmbedderManifest,
  parseVectorsManifest,
  toJsonBytes,
  VECTORS_FORMAT,
  type EmbedderManifest,
  type EmbedderSettings,
  type VectorsMade,
  type VectorsManifest,
} from './dense-manifest'
export { searchVectors, TopHits, type DenseResult, type VectorBlocks } from './dense-search'
export {
  EMBEDDING_BATCH,
  packBlock,
  quantizeVectors,
  rowsPerBlock,
  unpackBlock,
  VECTOR_BLOCK_BYTES,
  type VectorBlock,
} from './dense-vectors'
