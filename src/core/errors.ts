// Expected failures. A code and its values; the sentence says what happened, which value, and what to do next.
// A bug throws a plain Error("internal: …") instead. Chinese sentences: app/text/zh.ts, held to the same codes by its type.

export const ERROR_SENTENCES = {
  aborted: 'Stopped.',
  internal: 'Something went wrong inside Pagewise ({message}). Reload the page; what was answered is kept.',
  file_empty: '{file} is empty. Choose a CSV with a header line and at least one question.',
  file_header_only: '{file} has a header but no rows below it. Add a question, one per line.',
  file_binary: '{file} is not text ({kind}). Save the questions as CSV or JSONL and drop that.',
  file_one_column: '{file} has one column only, “{column}”. Pagewise needs a question column and at least two option columns.',
  file_no_prompt: '{file} has no column for the question. Choose which column it is.',
  file_no_options: '{file} has fewer than two option columns. Choose which columns hold the options.',
  file_too_large: '{file} is {megabytes} MB. Pagewise reads files up to {limit} MB; split it.',
  file_too_many_rows: '{file} has more than {limit} rows, which is what Pagewise reads. Split it.',
  file_json: '{file} holds no question as JSON. Write one JSON object per line, with the question and its options.',
  file_unreadable: '{file} could not be read ({reason}). Check that it still exists and choose it again.',
  model_missing: 'There is no model in {place}. A model folder holds model.json, tokenizer.json and a weight file.',
  model_file_missing: 'There is no {file} in {place}. Put it beside model.json.',
  model_manifest: 'model.json cannot be used: {field} is {value}. {hint}',
  model_unsupported: 'This model cannot run here: {field} is {value}. Pagewise knows {known}.',
  model_gone:
    'The model that this needs is no longer in this browser. Drop its files or its exported .tar on the Models screen again, or choose another model.',
  model_not_stored:
    'The browser has no room for the model {name}, which needs {megabytes} MB ({reason}). Delete a model or a library, or choose a smaller precision.',
  model_pack_unreadable: '{file} is not an exported model: {reason}. Choose a .tar file that the Models screen exported.',
  model_precision: 'The model has no {precision} weights. It has {available}.',
  weights_damaged: '{file} is damaged: {reason}. Delete the model and load it again.',
  tokenizer_damaged: 'tokenizer.json cannot be used: {reason}. Take the file from the repository of the model.',
  download_failed: 'The download of {file} stopped at {done} of {total} MB ({reason}). Resume continues from there.',
  download_changed:
    '{file} on the server is not the file that model.json describes (chunk {chunk}). Reload the page, or ask whoever serves it.',
  storage_refused: 'The browser refused to store {what} ({reason}). It is used from memory and fetched again next time.',
  device_unavailable: '{device} cannot be used here: {reason}. Choose Auto or CPU.',
  device_memory: 'Not enough graphics memory for this model. Run it on the CPU.',
  memory_short:
    'This model takes {gigabytes} GB of memory, more than there is room for. Close other pages and programs, or choose a smaller model or int8 arithmetic.',
  self_test_failed:
    'The self-test failed on {device}: logits are off by {error}, at most {tolerance} is allowed. It runs on the CPU instead.',
  worker_lost: 'A worker stopped and could not be replaced ({reason}). Reload the page; what was answered is kept.',
  run_missing: 'That run is no longer stored. Drop the file again.',
  question_incomplete: 'A question needs a prompt and at least two options that are not empty.',
  library_unknown: 'There is no library called {name}. Use off, a folder that holds pack.json, or one of: {known}.',
  library_damaged: '{file} of library {name} is damaged: {reason}. Delete the library and load it again.',
  library_missing:
    'libraries/registry.json names the library {name}, but {place} holds no pack.json. Whoever serves the page can put the folder there or take out the name.',
  checkpoint_file_missing: 'There is no {file} in {place}. {hint}',
  checkpoint_ambiguous: 'There is more than one {file} in {place}: {found}. Choose the files of one model.',
  checkpoint_damaged: '{file} cannot be read: {reason}. Fetch it again from where the checkpoint comes from.',
  checkpoint_mismatch: 'config.json and the weights do not belong together: {reason}. Take both from the same checkpoint.',
  checkpoint_pickle: '{file} holds {what}, which is no part of a weight file; nothing of it was run. Save the model as safetensors.',
  checkpoint_value: '{tensor} holds the value {value}, which {precision} cannot keep. {hint}',
  address_unusable:
    '“{address}” is no address of a model. Give the https:// address of a folder that holds config.json, or of a model on huggingface.co.',
  address_page: '{address} answers with a web page instead of {file}. Give the address of the folder that holds the files themselves.',
  address_refused:
    '{address} does not give {file} (HTTP {status}). Check the address; if it asks for a login, download the files yourself and open those.',
  address_unreachable:
    '{address} could not be reached ({reason}). Check the address and the connection. Some hosts do not let other pages read them (CORS): then download the files yourself and open those.',
  library_gone:
    'The library that this needs is no longer in this browser. Import its pack or index its files again under the same name, or choose another library.',
  corpus_empty: 'There is no text in {files}. Choose files with sentences in them, or another text column.',
  corpus_binary: '{file} is not text ({kind}). Pagewise indexes CSV, JSONL, TXT, Markdown, HTML and Parquet files.',
  corpus_json: '{file} holds no records as JSON. Write one JSON object per line, with the text in one of its fields.',
  corpus_column: '{file} has no column “{column}”. It has {known}. Choose the column of the texts, or index that file by itself.',
  corpus_too_large: 'The files have {megabytes} MB together. Pagewise indexes {limit} MB at once; make two libraries of them.',
  parquet_unreadable: '{file} cannot be read as Parquet ({reason}). Write it again without compression or with Snappy, or as CSV.',
  library_in_shards: '{name} is too big for one file. Copy its folder from where it is served.',
  library_not_stored:
    'The browser has no room for the library {name}, which needs {megabytes} MB ({reason}). Delete a library or a model, or index fewer files.',
  pack_unreadable: '{file} is not a library pack: {reason}. Choose a .tar file that the Library screen exported.',
  file_unwritable: '{file} could not be written ({reason}). Check that its folder can be written to and that there is room.',
  embedder_file_missing:
    '{file} is missing from the embedder {place}. Choose its whole folder: config.json, tokenizer.json, tokenizer_config.json, onnx/model.onnx.',
  embedder_unsupported: 'The embedder {place} cannot be used: {field} is {value}. {hint}',
  embedder_failed: 'The embedder {place} failed ({reason}). Check that its files belong together, or choose another one.',
  embedder_unknown: 'That embedder is no longer stored. Choose its folder again.',
  vectors_in_shards: '{name} is too big to be read whole, and only then can a library have vectors. It is searched by words.',
  vectors_missing: '{name} has no finished vectors. Embed it first.',
  vectors_stale:
    'The vectors of {name} were made for other texts or by another embedder ({reason}). Delete them and embed the library again.',
  usage: '{message}',
} as const

export type ErrorCode = keyof typeof ERROR_SENTENCES
export type ErrorDetail = Record<string, string | number>

export class AppError extends Error {
  override readonly name = 'AppError'
  constructor(
    readonly code: ErrorCode,
    readonly detail: ErrorDetail = {},
  ) {
    super(fill(ERROR_SENTENCES[code], detail))
  }
}

/** Replaces `{name}` by its value; a placeholder without a value stays visible, so that it is noticed. */
export function fill(sentence: string, detail: ErrorDetail): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => (name in detail ? String(detail[name]) : whole))
}

/** Throws AppError `aborted` if the signal is aborted. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('aborted')
}
