// Open book: passages in, index out; question in, passages out.
export { Bm25, type Bm25Settings, type Hit } from './bm25'
export { IndexBuilder } from './index-builder'
export { openIndex, type PassageIndex } from './index-file'
export { BM25_SETTINGS, INDEX_FILE, Library, LIBRARY_FORMAT, PASSAGE_FILE, queryTermsOf, type LibraryManifest } from './library'
export { PassageFile, PassageFileBuilder, type Codec, type Passage } from './passage-file'
export { PASSAGE_SIZE, splitPassages, type PassageSize } from './passages'
export { termsOf } from './terms'
