// What this browser offers: threads, isolation, a GPU, storage. Works in windows and workers.

export interface GpuView {
  vendor: string
  architecture: string
  hasF16: boolean
  /** A software adapter: correct, but slower than the CPU engine. */
  isFallback: boolean
}

/** null where there is no WebGPU or no adapter. */
export async function viewGpu(): Promise<GpuView | null> {
  const gpu = (navigator as { gpu?: GPU }).gpu
  if (!gpu) return null
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (!adapter) return null
    const { vendor, architecture, description } = adapter.info
    const isFallback = adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(`${vendor} ${architecture} ${description}`)
    return { vendor, architecture, hasF16: adapter.features.has('shader-f16'), isFallback }
  } catch {
    return null
  }
}

export async function findGpu(): Promise<'hardware' | 'software' | 'none'> {
  const gpu = await viewGpu()
  return gpu === null ? 'none' : gpu.isFallback ? 'software' : 'hardware'
}

export async function viewStorage(isAvailable: boolean) {
  const { usage = 0, quota } = await navigator.storage.estimate().catch(() => ({ usage: 0, quota: undefined }))
  const isPersisted = await navigator.storage.persisted().catch(() => false)
  return { usedBytes: usage, quotaBytes: quota ?? null, isPersisted, isAvailable }
}
