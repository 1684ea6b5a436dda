// Inputs of a graph, by name. The element type is that of the array: float32, int32 or int64.
export interface Feed {
  data: Float32Array | Int32Array | BigInt64Array
  shape: number[]
}
export type Feeds = Record<string, Feed>
