// The tensors of a checkpoint by name, in whichever of the four ways Hugging Face stores them. Only headers are read here.
import { AppError } from '../errors'
import { headerEnd, readSafetensors } from '../compile/safetensors'
import { damaged, readExactly, readJson, type ByteSource, type CheckpointFiles } from './source'
import type { TensorSource } from './tensor-source'
import { readTorchFile } from './torch-file'

export type Tensors = ReadonlyMap<string, TensorSource>

const WEIGHTS = ['model.safetensors', 'pytorch_model.bin'] as const

/** Throws checkpoint_file_missing, checkpoint_damaged, checkpoint_pickle, model_unsupported. */
export async function openTensors(place: string, files: CheckpointFiles): Promise<Tensors> {
  for (const name of WEIGHTS) {
    const whole = files.get(name)
    if (whole) return named(name, await readTensors(whole))
    const index = files.get(`${name}.index.json`)
    if (index) return openShards(place, files, index)
  }
  const hint = 'Pagewise reads model.safetensors and pytorch_model.bin, whole or in shards.'
  throw new AppError('checkpoint_file_missing', { place, file: 'weight file', hint })
}

async function readTensors(source: ByteSource): Promise<TensorSource[]> {
  if (source.name.endsWith('.bin')) return readTorchFile(source)
  try {
    const end = headerEnd(source.name, await readExactly(source, 0, Math.min(8, source.bytes)))
    const start = await readExactly(source, 0, Math.min(end, source.bytes))
    const { tensors } = readSafetensors(source.name, start, source.bytes)
    return [...tensors].map(([name, { type, shape, offset }]) => ({ name, type, shape, source, offset }))
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'weights_damaged') throw error
    throw damaged(source.name, String(error.detail['reason']))
  }
}

/** `{weight_map: {tensor: file}}`. */
async function openShards(place: string, files: CheckpointFiles, index: ByteSource): Promise<Tensors> {
  const json = await readJson(index)
  const map = typeof json === 'object' && json !== null && 'weight_map' in json ? json.weight_map : null
  if (typeof map !== 'object' || map === null) throw damaged(index.name, 'it has no weight_map')
  const wanted = Object.entries(map as Record<string, unknown>)
  const shards = new Map<string, Tensors>()
  const found: TensorSource[] = []
  for (const [tensor, file] of wanted) {
    if (typeof file !== 'string') throw damaged(index.name, `${tensor} has no file`)
    let shard = shards.get(file)
    if (!shard) {
      const source = files.get(file)
      if (!source) throw new AppError('checkpoint_file_missing', { place, file, hint: `${index.name} lists it.` })
      shard = named(file, await readTensors(source))
      shards.set(file, shard)
    }
    const entry = shard.get(renamed(tensor))
    if (!entry) throw damaged(file, `${tensor} is missing, though ${index.name} places it here`)
    found.push(entry)
  }
  return named(index.name, found)
}

/** By name; LayerNorm's gamma and beta, as TensorFlow calls them, are weight and bias, as transformers renames them. */
function named(file: string, tensors: readonly TensorSource[]): Map<string, TensorSource> {
  const map = new Map<string, TensorSource>()
  for (const tensor of tensors) {
    const name = renamed(tensor.name)
    if (map.has(name)) throw damaged(file, `${name} is there twice`)
    map.set(name, { ...tensor, name })
  }
  return map
}
const renamed = (name: string): string =>
  name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
