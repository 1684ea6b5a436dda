// Where the special tokens go, read from the post_processor of tokenizer.json: [CLS] A [SEP] B [SEP] for BERT and DeBERTa, <s> A </s></s> B </s>
// for RoBERTa, Longformer and MPNet.
import { damaged, kindOf, listOf, objectOf, shown, textOf, type Json } from './json-parts'

/** A pair of texts: special tokens by id, and the two sequences, each with its token type. */
export type PairTemplate = readonly TemplatePart[]
export type TemplatePart = { id: number; type: number } | { sequence: 'A' | 'B'; type: number }

/** `idOf`: the id of a token. Throws tokenizer_damaged; model_unsupported for a post_processor of another kind. */
export function readPairTemplate(file: Json, idOf: (token: string) => number | undefined): PairTemplate {
  const known = (token: string): number => {
    const id = idOf(token)
    if (id === undefined) throw damaged(`the vocabulary lacks ${token}`)
    return id
  }
  const template = findTemplate(objectOf(file['post_processor'], 'post_processor'), 'post_processor')
  if ('pair' in template) return readParts(listOf(template['pair'], 'post_processor.pair'), known)
  const [start, end] = [tokenOf(template, 'cls'), tokenOf(template, 'sep')].map(known) as [number, number]
  const isRoberta = template['type'] === 'RobertaProcessing'
  const second = isRoberta ? 0 : 1
  return [
    { id: start, type: 0 },
    { sequence: 'A', type: 0 },
    { id: end, type: 0 },
    ...(isRoberta ? [{ id: end, type: 0 }] : []),
    { sequence: 'B', type: second },
    { id: end, type: second },
  ]
}

/** The part that adds tokens; ByteLevel among the processors only moves offsets. */
function findTemplate(processor: Json, name: string): Json {
  const kind = kindOf(processor, name, 'TemplateProcessing', 'RobertaProcessing', 'BertProcessing', 'Sequence')
  if (kind !== 'Sequence') return processor
  const inner = listOf(processor['processors'], `${name}.processors`)
    .map((value) => objectOf(value, name))
    .filter((part) => part['type'] !== 'ByteLevel')
  if (inner.length !== 1 || inner[0]!['type'] === 'Sequence') throw damaged(`${name} does not say where the special tokens go`)
  return findTemplate(inner[0]!, name)
}

function readParts(parts: unknown[], known: (token: string) => number): PairTemplate {
  const template = parts.map((value): TemplatePart => {
    const part = objectOf(value, 'post_processor.pair')
    const [kind, inner] = Object.entries(part)[0] ?? []
    const piece = objectOf(inner, 'post_processor.pair')
    const name = textOf(piece, 'post_processor.pair', 'id')
    const type = piece['type_id']
    if (type !== 0 && type !== 1) throw damaged('post_processor.pair has a token type other than 0 and 1')
    if (kind === 'SpecialToken') return { id: known(name), type }
    if (kind !== 'Sequence' || (name !== 'A' && name !== 'B')) throw damaged(`post_processor.pair holds ${shown(kind)} ${name}`)
    return { sequence: name, type }
  })
  const sequences = template.flatMap((part) => ('sequence' in part ? part.sequence : [])).join('')
  if (sequences !== 'AB' || 'sequence' in template[0]! || 'sequence' in template.at(-1)!)
    throw damaged('post_processor.pair is not a start, A, B and an end')
  return template
}

/** ["</s>", 2] */
function tokenOf(processor: Json, key: string): string {
  const [token] = listOf(processor[key], `post_processor.${key}`)
  if (typeof token !== 'string') throw damaged(`post_processor.${key} is not text`)
  return token
}
