// The self-test on request: the question that the model carries with it, asked on each device, its logits beside those of the training
// code. The same rule accepts a model when it is loaded; here it is shown in numbers.
import { AppError } from '../../core/errors'
import { largestError, selfTestTolerance } from '../../core/score/self-test'
import type { Device } from '../../core/types'
import type { Client } from '../../worker/client'
import type { ModelChoice, ModelEntry, ModelState, OpenBook, RunSettings } from '../../worker/protocol'

export interface Check {
  device: Device
  tolerance: number
  /** Infinity when the device gave no answer. */
  error: number
  logits: number[]
  isPassed: boolean
  /** Why there is no answer. */
  failure: unknown
}
/** The context of the self-test is read as it stands. */
const EVERY_WORD = 1_000_000

export class SelfCheck {
  #checks = $state.raw<readonly Check[]>([])
  #asking = $state<Device | null>(null)
  #seconds = $state(0)

  constructor(private readonly client: Client) {}

  get checks(): readonly Check[] {
    return this.#checks
  }
  /** The device that is being asked, null when none is. */
  get asking(): Device | null {
    return this.#asking
  }
  get seconds(): number {
    return this.#seconds
  }

  /** Asks each device in turn. Never rejects: a device that fails is a check that fails. */
  async run(entry: ModelEntry, settings: RunSettings, devices: readonly Device[]): Promise<void> {
    if (this.#asking !== null) return
    this.#checks = []
    const begun = performance.now()
    try {
      for (const device of devices) {
        this.#asking = device
        this.#checks = [...this.#checks, await this.#check(entry, { ...settings.model, modelId: entry.modelId, device }, settings.openBook)]
      }
    } finally {
      this.#asking = null
      this.#seconds = (performance.now() - begun) / 1000
    }
  }

  async #check({ manifest }: ModelEntry, model: ModelChoice, book: OpenBook): Promise<Check> {
    const device = model.device === 'webgpu' ? 'webgpu' : 'cpu'
    const allowed = (by: Pick<ModelState, 'device' | 'isHalf'>) => selfTestTolerance(manifest, model.precision, by, model.arithmetic)
    const tolerance = allowed({ device })
    const { selfTest } = manifest
    if (!selfTest) {
      const failure = new AppError('model_manifest', { field: 'selfTest', value: 'null', hint: 'Compile the model again.' })
      return { device, tolerance, error: Infinity, logits: [], isPassed: false, failure }
    }
    const { prompt, options, context } = selfTest.question
    try {
      const openBook = { ...book, library: 'off' }
      const { answer, model: state } = await this.client.call('ask', {
        model,
        prompt,
        options,
        context,
        contextWords: EVERY_WORD,
        openBook,
      })
      const error = largestError(selfTest.logits, answer.logits)
      return { device, tolerance: allowed(state), error, logits: answer.logits, isPassed: error <= allowed(state), failure: null }
    } catch (failure) {
      return { device, tolerance, error: Infinity, logits: [], isPassed: false, failure }
    }
  }
}
