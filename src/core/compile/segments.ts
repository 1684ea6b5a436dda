// Cuts a graph into runs of nodes whose weights are small, so that a model of any size can be computed in little memory: a segment is opened, fed with
// what earlier ones gave, and closed before the next. Nodes stand in an order in which they can be computed, so every cut is a valid one, whatever
// the architecture; what goes over a cut are activations, which are small beside weights.
import type { Graph } from './graph'
import { encodeModel, valueInfo, type Initializer, type Node, type Place, type Value, type ValueType } from './onnx-messages'

export interface Segment {
  nodes: readonly Node[]
  initializers: readonly Initializer[]
  /** The values that it needs: inputs of the graph, or given by segments before it. */
  reads: readonly Value[]
  /** Its values that later segments read or the graph gives. */
  gives: readonly Value[]
  /** Of all values that were there before it, those that nobody reads any more. */
  drops: readonly Value[]
  /** Bytes of its weights as they are stored. */
  weightBytes: number
}

/** A segment has at most `budget` bytes of stored weights, or a single node that has any. */
export function cutGraph(graph: Graph, budget: number): Segment[] {
  const runs = divide(graph, budget)
  const producer = new Map<Value, number>()
  const lastReader = new Map<Value, number>(graph.outputs.map((value) => [value, runs.length]))
  runs.forEach((nodes, index) => {
    for (const { inputs, outputs } of nodes) {
      for (const value of inputs) if (!lastReader.has(value) || lastReader.get(value)! < index) lastReader.set(value, index)
      for (const value of outputs) producer.set(value, index)
    }
  })
  return runs.map((nodes, index) => {
    const inputs = [...new Set(nodes.flatMap((node) => node.inputs))].filter((value) => value !== '')
    const initializers = inputs.flatMap((value) => graph.initializers.get(value) ?? [])
    const reads = inputs.filter((value) => !graph.initializers.has(value) && producer.get(value) !== index)
    const gives = nodes.flatMap((node) => node.outputs).filter((value) => (lastReader.get(value) ?? -1) > index)
    const drops = reads.filter((value) => lastReader.get(value) === index)
    return { nodes, initializers, reads, gives, drops, weightBytes: initializers.reduce((sum, { data }) => sum + storedBytes(data), 0) }
  })
}

/** Every node in exactly one run, in order. */
function divide({ nodes, initializers }: Graph, budget: number): Node[][] {
  const bytesOf = (value: Value): number => storedBytes(initializers.get(value)?.data)
  const runs: Node[][] = [[]]
  let held = new Map<Value, number>()
  for (const node of nodes) {
    const weights = new Map(node.inputs.filter((value) => bytesOf(value) > 0).map((value) => [value, bytesOf(value)]))
    if (held.size > 0 && total(new Map([...held, ...weights])) > budget) {
      runs.push([])
      held = new Map()
    }
    for (const [value, bytes] of weights) held.set(value, bytes)
    runs.at(-1)!.push(node)
  }
  return runs
}

const total = (weights: ReadonlyMap<Value, number>): number => [...weights.values()].reduce((sum, bytes) => sum + bytes, 0)
const storedBytes = (data: Initializer['data'] | undefined): number => (data === undefined || data instanceof Uint8Array ? 0 : data.bytes)

/** Where a weight of a segment lies in the weight file, and where it is to lie in the segment's own. */
export interface Packed {
  from: number
  bytes: number
  to: number
}
const ALIGNMENT = 64
/** Name of a segment's weights among the files of its ONNX file. */
export const SEGMENT_FILE = 'segment'

/** How the weights of a segment lie one behind another, in the file's order. */
export function packWeights({ initializers }: Segment): { places: Packed[]; bytes: number } {
  const stored = initializers.map(({ data }) => data).filter((data): data is Place => !(data instanceof Uint8Array))
  const places: Packed[] = []
  let end = 0
  for (const { offset, bytes } of stored.sort((a, b) => a.offset - b.offset)) {
    places.push({ from: offset, bytes, to: end })
    end = Math.ceil((end + bytes) / ALIGNMENT) * ALIGNMENT
  }
  return { places, bytes: end }
}

/** ModelProto of the segment alone; its initializers point into SEGMENT_FILE. `typeOf`: of the values that it reads. */
export function encodeSegment(segment: Segment, places: readonly Packed[], typeOf: (value: Value) => ValueType): Uint8Array {
  const placeOf = new Map(places.map(({ from, to }) => [from, to]))
  const initializers = segment.initializers.map((initializer): Initializer => {
    const { data } = initializer
    if (data instanceof Uint8Array) return initializer
    return { ...initializer, data: { location: SEGMENT_FILE, offset: placeOf.get(data.offset)!, bytes: data.bytes } }
  })
  const inputs = new Map(segment.reads.map((value) => [value, valueInfo(value, typeOf(value))]))
  const outputs = new Map(segment.gives.map((value) => [value, valueInfo(value)]))
  return encodeModel(segment.nodes, initializers, inputs, outputs)
}
