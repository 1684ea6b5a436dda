// Half precision for GPUs that compute in it: a written graph is rewritten so that the matrix products of its encoder take and give 16 bits, and
// what lies between two of them stays there. Everything that adds up or compares numbers of very different size keeps 32: norms and the residuals
// that they add, softmax and the scores with their masks (half precision ends at 65,504), the head, and what goes in and comes out.
// What depends on weights alone keeps 32 bits too and is rounded at its end: onnxruntime computes it once, when it opens the graph, on the CPU.
import { FLOAT, FLOAT16, type Graph, type Value } from './graph'
import { DATA_TYPE, type Node } from './onnx-messages'

/** Operators that compute in half precision: so many of their first inputs are numbers. */
const COMPUTED: ReadonlyMap<string, number> = new Map([
  ['Gemm', 3],
  ['MatMul', 2],
])
/** Operators that do so where all that they read and that is not constant is in half precision already. */
const FOLLOWING: ReadonlyMap<string, number> = new Map([
  ...['Reshape', 'Transpose', 'Slice', 'Gather', 'GatherElements', 'Expand', 'Unsqueeze'].map((type) => [type, 1] as const),
  ...['Gelu', 'FastGelu', 'Relu', 'Sigmoid', 'Tanh'].map((type) => [type, 1] as const),
  ...['Add', 'Mul'].map((type) => [type, 2] as const),
  ['Concat', Infinity],
])

/** Rewrites the first `end` of the graph's nodes, those of its encoder; what stands behind them reads their values in 32 bits. */
export function computeInHalves(graph: Graph, end: number): void {
  const nodes = graph.nodes.splice(0)
  const constant = new Set(graph.initializers.keys())
  const half = new Set<Value>()
  /** A weight that is stored in 16 bits, by its name in 32. */
  const stored = new Map<Value, Value>()

  const cast = (value: Value, to: bigint): Value => graph.once(`${value} as ${String(to)}`, () => graph.op('Cast', [value], { to }))
  const asHalf = (value: Value): Value => (half.has(value) ? value : (stored.get(value) ?? cast(value, FLOAT16)))
  const asFloat = (value: Value): Value => (half.has(value) ? cast(value, FLOAT) : value)

  nodes.forEach((node, index) => {
    const isConstant = node.inputs.every((value) => value === '' || constant.has(value))
    const numbers = isConstant || index >= end ? 0 : numbersInHalf(node, half, constant)
    // Any type has a shape.
    const isShape = node.type === 'Shape'
    graph.nodes.push({
      ...node,
      inputs: node.inputs.map((value, i) => (value === '' || isShape ? value : i < numbers ? asHalf(value) : asFloat(value))),
    })
    for (const value of node.outputs) {
      if (isConstant) constant.add(value)
      if (numbers > 0) half.add(value)
    }
    if (node.type === 'Cast' && graph.initializers.get(node.inputs[0]!)?.type === DATA_TYPE.F16)
      stored.set(node.outputs[0]!, node.inputs[0]!)
  })
  dropUnread(graph)
}

/** How many of its first inputs the node takes in half precision; 0 where it computes in 32 bits. */
function numbersInHalf({ type, inputs }: Node, half: ReadonlySet<Value>, constant: ReadonlySet<Value>): number {
  const following = FOLLOWING.get(type)
  if (following === undefined) return COMPUTED.get(type) ?? 0
  const read = inputs.slice(0, following).filter((value) => !constant.has(value))
  return read.length > 0 && read.every((value) => half.has(value)) ? following : 0
}

/** Weights that are read as they are stored need no longer be widened. */
function dropUnread(graph: Graph): void {
  const read = new Set(graph.outputs)
  const kept = graph.nodes
    .splice(0)
    .reverse()
    .filter(({ inputs, outputs }) => {
      const isRead = outputs.some((value) => read.has(value))
      if (isRead) for (const value of inputs) read.add(value)
      return isRead
    })
  graph.nodes.push(...kept.reverse())
}
