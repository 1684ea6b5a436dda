// Which of the files that somebody chose is the graph, and which belong to it.
import { baseOf, folderOf, type ByteSource, type CheckpointFiles } from '../checkpoint/source'
import { AppError } from '../errors'

/** Where there are weights that Pagewise reads itself, it writes the graph too: that is faster, and quantizes. */
const OWN_WEIGHTS = /^(model\.safetensors|pytorch_model\.bin)(\.index\.json)?$/
/** Hugging Face's folder for exported graphs, below the one of config.json. */
const BELOW = 'onnx/'

/**
 * The .onnx file and the files beside it by name (of a file in onnx/ also those of the folder above); null where there is none or where
 * the folder has weights of its own. Of several that called model.onnx. Throws checkpoint_ambiguous.
 */
export function findOnnx(place: string, sources: readonly ByteSource[]): { onnx: ByteSource; files: CheckpointFiles } | null {
  const graphs = sources.filter(({ name }) => name.endsWith('.onnx'))
  if (graphs.length === 0 || sources.some(({ name }) => OWN_WEIGHTS.test(baseOf(name)))) return null
  const named = graphs.filter(({ name }) => baseOf(name) === 'model.onnx')
  const [onnx, ...others] = named.length > 0 ? named : graphs
  if (others.length > 0) {
    const found = [onnx!, ...others].map(({ name }) => name).join(', ')
    throw new AppError('checkpoint_ambiguous', { place, file: '.onnx file', found })
  }
  const folder = folderOf(onnx!.name)
  const above = folder === BELOW || folder.endsWith(`/${BELOW}`) ? folder.slice(0, -BELOW.length) : folder
  const filesOf = (where: string): [string, ByteSource][] =>
    sources.flatMap((source) => (folderOf(source.name) === where ? [[baseOf(source.name), source] as [string, ByteSource]] : []))
  return { onnx: onnx!, files: new Map([...filesOf(above), ...filesOf(folder)]) }
}
