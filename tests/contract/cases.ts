export interface Case<Port> {
  title: string
  /** Survives structuredClone. */
  run(port: Port): Promise<unknown>
  expected: unknown
}
