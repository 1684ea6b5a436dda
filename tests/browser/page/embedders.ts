// Opens the tiny embedder in a real page and runs the contract over it.
import { openBrowserEmbedder } from '../../../src/adapters/transformers/browser'
import { openHttpSource } from '../../../src/adapters/http/source'
import { readEmbedderSettings } from '../../../src/jobs/embedder-folder'
import { embedderCases, type GoldenVectors, type OpenTiny } from '../../contract/embedder'

/** `folder`: address of the fixture. `isGpu`: on WebGPU. `addresses`: everything that was fetched meanwhile. */
export async function runEmbedderContract({ folder, isGpu }: { folder: string; isGpu: boolean }) {
  const signal = new AbortController().signal
  const golden = (await (await fetch(`${folder}/golden.json`)).json()) as GoldenVectors
  const source = openHttpSource(`${new URL(folder, location.href).href}/`)
  const settings = await readEmbedderSettings(signal, source)
  let description = ''
  const open: OpenTiny = async (pooling) => {
    const embedder = await openBrowserEmbedder(signal, { source, settings: { ...settings, pooling } }, isGpu)
    description = embedder.description
    return embedder
  }
  const results: { title: string; got: unknown; expected: unknown }[] = []
  for (const { title, run, expected } of embedderCases(golden)) results.push({ title, got: await run(open), expected })
  const origins = [...new Set(performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin))]
  return { description, results, isOwnOriginOnly: origins.every((origin) => origin === location.origin) }
}
