// pytorch_model.bin: a zip of raw tensors and the pickle that names them (pickle.ts).
import { AppError } from '../errors'
import { FLOAT_BYTES, type FloatType } from './numbers'
import { readTensorPickle, type PickledTensor } from './pickle'
import { damaged, readExactly, type ByteSource } from './source'
import type { TensorSource } from './tensor-source'
import { readZip, type ZipEntry } from './zip'

const TYPES: Record<string, FloatType> = { FloatStorage: 'F32', HalfStorage: 'F16', BFloat16Storage: 'BF16' }
const MOST_PICKLE_BYTES = 100_000_000

/** Throws checkpoint_damaged, checkpoint_pickle, model_unsupported. */
export async function readTorchFile(source: ByteSource): Promise<TensorSource[]> {
  const entries = await readZip(source)
  const pickle = [...entries.keys()].find((name) => name.endsWith('/data.pkl'))
  if (pickle === undefined) throw damaged(source.name, 'it has no data.pkl, so it is not a file of torch.save')
  const root = pickle.slice(0, -'data.pkl'.length)
  const order = entries.get(`${root}byteorder`)
  if (order && new TextDecoder().decode(await readExactly(source, order.offset, order.bytes)) !== 'little')
    throw new AppError('model_unsupported', { field: `the byte order of ${source.name}`, value: 'big', known: 'little' })
  const { offset, bytes } = entries.get(pickle)!
  if (bytes > MOST_PICKLE_BYTES) throw damaged(source.name, `its list of tensors has ${bytes} bytes`)
  const tensors = readTensorPickle(source.name, await readExactly(source, offset, bytes))
  return [...tensors].map(([name, tensor]) => place(source, name, tensor, entries.get(`${root}data/${tensor.storage.key}`)))
}

function place(
  source: ByteSource,
  name: string,
  { storage, offset, shape, strides }: PickledTensor,
  entry: ZipEntry | undefined,
): TensorSource {
  const type = TYPES[storage.type]
  if (!type) return { name, type: storage.type.replace('Storage', ''), shape, source, offset: 0 } // a buffer (position_ids), never read
  if (!entry) throw damaged(source.name, `${name} points to data/${storage.key}, which is missing`)
  const elements = shape.reduce((product, n) => product * n, 1)
  const rowMajor = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1))
  if (elements > 0 && strides.some((stride, axis) => shape[axis] !== 1 && stride !== rowMajor[axis]))
    throw new AppError('model_unsupported', {
      field: `the layout of ${name}`,
      value: `strides ${strides.join()}`,
      known: 'rows after rows',
    })
  if ((offset + elements) * FLOAT_BYTES[type] > entry.bytes) throw damaged(source.name, `${name} reaches beyond its storage`)
  return { name, type, shape, source, offset: entry.offset + offset * FLOAT_BYTES[type] }
}
