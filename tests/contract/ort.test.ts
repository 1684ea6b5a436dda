// The written graph on onnxruntime-node against PyTorch, and what the scorer does when a device fails. The page's devices run the same
// checks in tests/browser/ort.test.ts.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openOrtNode } from '../../src/adapters/ort/node'
import { parseManifest } from '../../src/core/manifest'
import type { ModelFileReader, Scorer } from '../../src/core/ports'
import type { SharedPrefixInput } from '../../src/core/types'
import { largestError, readGolden, scoreAll, topOneAgreement } from './engine-golden'
import * as tiny from './ort-tiny'

const ROOT = resolve(import.meta.dirname, '../..')
const never = new AbortController().signal
const opened: Scorer[] = []
afterAll(async () => {
  for (const scorer of opened) await scorer.close()
})
async function openTiny(precision: 'fp16' | 'q8' | 'q4'): Promise<Scorer> {
  const scorer = await openOrtNode(never, {
    manifest: tiny.manifest,
    weights: tiny.weightsOf(precision),
    precision,
    device: 'cpu',
    threads: 1,
  })
  opened.push(scorer)
  return scorer
}

describe('the graph of the embedded model', () => {
  const folder = `${ROOT}/models/default`
  const golden = readGolden(JSON.parse(readFileSync(`${ROOT}/tests/fixtures/default/golden.json`, 'utf8')))
  const manifest = parseManifest(JSON.parse(readFileSync(`${folder}/model.json`, 'utf8')))
  async function score(precision: 'fp16' | 'q8', items: typeof golden): Promise<number[][]> {
    const path = `${folder}/weights.${precision}.safetensors`
    const weights: ModelFileReader = {
      name: 'weights',
      bytes: statSync(path).size,
      stream: () => createReadStream(path) as AsyncIterable<Uint8Array>,
    }
    const scorer = await openOrtNode(never, { manifest, weights, precision, device: 'cpu', threads: 2 })
    opened.push(scorer)
    return scoreAll(scorer, items)
  }
  it('reproduces the logits of PyTorch within 1e-4', async () => {
    expect(largestError(golden, await score('fp16', golden))).toBeLessThan(1e-4)
  })
  it('ranks 8-bit weights first as PyTorch does, near-ties aside', async () => {
    const some = golden.filter((_, i) => i % 3 === 0)
    expect(topOneAgreement(some, await score('q8', some))).toBeGreaterThanOrEqual(0.95)
  })
})

describe('the graph of the tiny model', () => {
  it('reproduces the logits of PyTorch within 1e-4', async () => {
    expect(largestError(tiny.items, await scoreAll(await openTiny('fp16'), tiny.items))).toBeLessThan(1e-4)
  })
  it.each(['q8', 'q4'] as const)('computes with %s weights what PyTorch computes with them unpacked', async (precision) => {
    const items = tiny.itemsOf(precision)
    expect(largestError(items, await scoreAll(await openTiny(precision), items))).toBeLessThan(1e-4)
  })
  it('gives a question the same logits whatever stands around it, but for the last bits', async () => {
    const scorer = await openTiny('fp16')
    const together = await scoreAll(scorer, tiny.items)
    const alone: number[][] = []
    for (const item of tiny.items) alone.push(...(await scoreAll(scorer, [item])))
    const apart = together.flatMap((logits, i) => logits.map((logit, c) => Math.abs(logit - alone[i]![c]!)))
    expect(Math.max(...apart)).toBeLessThan(2e-5)
  })
  it('gives equal choices the same bytes', async () => {
    const withEqual = tiny.items.filter(({ input: { choiceIds } }) => new Set(choiceIds.map((ids) => ids.join())).size < choiceIds.length)
    const logits = await scoreAll(await openTiny('q8'), withEqual)
    const ties = withEqual.map(({ input: { choiceIds } }, i) =>
      choiceIds.map((ids) => logits[i]![choiceIds.findIndex((other) => other.join() === ids.join())]),
    )
    expect({ logits, count: withEqual.length > 0 }).toEqual({ logits: ties, count: true })
  })
  it('answers a question of too many tokens as if its choices were asked apart', async () => {
    const { input } = tiny.items[6]!
    const choiceIds = Array.from({ length: 26 }, (_, c) =>
      Int32Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : i === 31 ? 3 : 4 + ((i * 7 + c) % 150))),
    )
    const scorer = await openTiny('fp16')
    const ask = (choices: Int32Array[]): { input: SharedPrefixInput; logits: number[] } => ({
      input: { ...input, choiceIds: choices },
      logits: [],
    })
    const [together] = await scoreAll(scorer, [ask(choiceIds)])
    const apart = await scoreAll(scorer, choiceIds.map((ids) => ask([ids]))) // prettier-ignore
    expect(Math.max(...together!.map((logit, c) => Math.abs(logit - apart[c]![0]!)))).toBeLessThan(2e-5)
  })
})

describe('a device that refuses memory', () => {
  const outOfMemory = new Error('failed to call OrtRun(): Buffer size (1) exceeds the max buffer size limit (0)')

  it('gets smaller batches until it takes them, and the run goes on in the same session', async () => {
    const { scorer, log } = await tiny.openFaulty((_, tokens) => (tokens > 140 ? outOfMemory : null))
    const error = largestError(tiny.items, await scoreAll(scorer, tiny.items))
    expect({ isRight: error < 1e-4, sessions: log.sessions }).toEqual({ isRight: true, sessions: 1 })
  })
  it('is not asked again for what it refused', async () => {
    const { scorer, log } = await tiny.openFaulty((_, tokens) => (tokens > 140 ? outOfMemory : null))
    await scoreAll(scorer, tiny.items)
    const before = log.tokens.length
    await scoreAll(scorer, tiny.items)
    expect(log.tokens.slice(before).filter((tokens) => tokens > 140)).toEqual([])
  })
  it('ends the run when it has no room for one choice', async () => {
    const { scorer } = await tiny.openFaulty(() => outOfMemory)
    await expect(scoreAll(scorer, tiny.items)).rejects.toMatchObject({ code: 'device_memory' })
  })
})

describe('a device that is lost', () => {
  const lost = new Error('failed to call OrtRun(): WebGPU device lost (2)')

  it('gets a new session and smaller batches, and no question is lost', async () => {
    const { scorer, log } = await tiny.openFaulty((run) => (run === 2 ? lost : null), 200)
    const error = largestError(tiny.items, await scoreAll(scorer, tiny.items))
    expect({ isRight: error < 1e-4, sessions: log.sessions }).toEqual({ isRight: true, sessions: 2 })
  })
  it('may be lost again after it has worked', async () => {
    const { scorer, log } = await tiny.openFaulty((run) => (run === 2 || run === 4 ? lost : null), 200)
    expect({ error: largestError(tiny.items, await scoreAll(scorer, tiny.items)) < 1e-4, sessions: log.sessions }).toEqual({
      error: true,
      sessions: 3,
    })
  })
  it('ends the run when the new session fails too', async () => {
    const { scorer } = await tiny.openFaulty(() => lost)
    await expect(scoreAll(scorer, tiny.items)).rejects.toMatchObject({ code: 'device_unavailable', detail: { reason: lost.message } })
  })
})

describe('a run', () => {
  it('stops between two batches when its signal aborts', async () => {
    const stop = new AbortController()
    const { scorer, log } = await tiny.openFaulty((run) => {
      if (run === 2) stop.abort()
      return null
    }, 100)
    await expect(scoreAll(scorer, tiny.items, stop.signal)).rejects.toMatchObject({ code: 'aborted' })
    expect(log.tokens).toHaveLength(2)
  })
  it('waits for the one before it', async () => {
    const { scorer } = await tiny.openFaulty(() => null, 100)
    const both = await Promise.all([scoreAll(scorer, tiny.items), scoreAll(scorer, tiny.items)])
    expect(both[0]).toEqual(both[1])
  })
  it('of questions without choices gives them no logits', async () => {
    const { scorer } = await tiny.openFaulty(() => null)
    const empty = { input: { ...tiny.items[0]!.input, choiceIds: [] }, logits: [] }
    expect(await scoreAll(scorer, [empty])).toEqual([[]])
  })
})

describe('opening', () => {
  it('says that a file is damaged before it reaches the device', async () => {
    const whole = tiny.weightsOf('q8')
    const weights: ModelFileReader = {
      name: whole.name,
      bytes: whole.bytes - 4,
      async *stream(signal) {
        let left = whole.bytes - 4
        for await (const chunk of whole.stream(signal)) {
          yield chunk.subarray(0, left)
          left -= Math.min(left, chunk.length)
        }
      },
    }
    const asked = openOrtNode(never, { manifest: tiny.manifest, weights, precision: 'q8', device: 'cpu' })
    await expect(asked).rejects.toMatchObject({ code: 'weights_damaged', detail: { file: 'weights.q8.safetensors' } })
  })
  it('says that a device cannot be used, and why', async () => {
    // Where there is a GPU this opens; the point is that nothing but a sentence comes of its absence.
    const result = await openOrtNode(never, {
      manifest: tiny.manifest,
      weights: tiny.weightsOf('q8'),
      precision: 'q8',
      device: 'webgpu',
    }).then(
      async (scorer) => {
        await scorer.close()
        return 'opened'
      },
      (error: unknown) => (error as { code?: string }).code,
    )
    expect(['opened', 'device_unavailable']).toContain(result)
  })
})
