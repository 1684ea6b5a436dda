// Packs the weights of a file into an engine's memory while they arrive. What is held beside that memory is the chunk at hand and tensors
// that wait for a partner (a matrix for its scales): a few megabytes at most.
import { throwIfAborted } from '../../core/errors'
import type { Architecture } from './architecture'
import { Packer, type Tensor } from './pack'
import { planUnits } from './plan'
import { farColumns } from './relative'
import type { TensorFile } from './tensors'
import type { Unit } from './units'
import type { Instance } from './wasm'

/** `onProgress` is told how many bytes of the file are unpacked. Throws weights_damaged, model_unsupported, aborted, and what the reader throws. */
export async function loadWeights(
  signal: AbortSignal,
  instance: Instance,
  architecture: Architecture,
  file: TensorFile,
  onProgress: (done: number) => void = () => undefined,
): Promise<void> {
  const { exports: engine, memory, sizes } = instance
  const packer = new Packer(instance)
  const columns = farColumns(architecture.relative, sizes.reach)
  new Int32Array(memory.buffer, engine.farColumnsAt(), columns.length).set(columns)

  const waiting = new Waiting(planUnits(file.header, { sizes, architecture, packer, engine }))
  for await (const { name, tensor, from, bytes } of file.pieces(new Set([architecture.tables.words.name]))) {
    throwIfAborted(signal)
    if (name === architecture.tables.words.name) packer.copy(bytes, engine.wordsAt() + from)
    else waiting.add(name, { ...tensor, data: bytes })
    onProgress(tensor.offset + from + bytes.length)
  }
  waiting.checkDone()
}

/** Tensors on their way into units. */
class Waiting {
  private readonly held = new Map<string, Tensor>()
  private units: Unit[]

  constructor(units: Unit[]) {
    this.units = units
  }

  /** Packs every unit that is complete with this tensor; the tensor is kept (as a copy) only while another unit waits for it. */
  add(name: string, tensor: Tensor): void {
    this.held.set(name, tensor)
    const complete = this.units.filter(({ needs }) => needs.includes(name) && needs.every((need) => this.held.has(need)))
    for (const unit of complete) unit.pack(this.held)
    this.units = this.units.filter((unit) => !complete.includes(unit))
    const needed = new Set(this.units.flatMap(({ needs }) => needs))
    for (const held of this.held.keys()) if (!needed.has(held)) this.held.delete(held)
    if (this.held.has(name)) this.held.set(name, { ...tensor, data: tensor.data.slice() })
  }
  checkDone(): void {
    if (this.units.length > 0) throw new Error(`internal: ${String(this.units.length)} parts of the model never arrived`)
  }
}
