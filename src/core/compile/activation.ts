// Activations, by the names that Hugging Face's configs have for them (ACT2FN in transformers/activations.py).
import { MICROSOFT, type Graph, type Value } from './graph'

/** The names that a config may use. gelu_fast is gelu_new written another way. */
export const ACTIVATIONS = ['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'relu', 'silu', 'swish', 'tanh'] as const
export type Activation = (typeof ACTIVATIONS)[number]

export function activate(graph: Graph, activation: Activation, x: Value): Value {
  switch (activation) {
    case 'gelu':
      return graph.op('Gelu', [x], {}, MICROSOFT)
    case 'gelu_new':
    case 'gelu_pytorch_tanh':
    case 'gelu_fast':
      return graph.op('FastGelu', [x], {}, MICROSOFT)
    case 'relu':
      return graph.op('Relu', [x])
    case 'silu':
    case 'swish':
      return graph.op('Mul', [x, graph.op('Sigmoid', [x])])
    case 'tanh':
      return graph.op('Tanh', [x])
    default:
      throw new Error(`internal: ${String(activation satisfies never)}`)
  }
}
