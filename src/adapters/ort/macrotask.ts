/** Lets messages, an abort among them, in between two steps: on the CPU onnxruntime never waits for anything. */
export const macrotask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
