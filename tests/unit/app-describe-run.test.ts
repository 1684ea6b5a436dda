import { describe, expect, it } from 'vitest'
import type { RunRecord } from '../../src/core/ports'
import { describeRun } from '../../src/app/state/describe-run'
import { en } from '../../src/app/text/en'

const record = (settings: unknown): RunRecord => ({
  id: '1',
  fileName: 'exam.csv',
  createdAt: 0,
  status: 'done',
  done: 1,
  total: 1,
  seconds: 1,
  mapAt3: null,
  modelId: 'default',
  modelTitle: 'Small',
  description: '',
  mapping: null,
  settings,
  edits: null,
})

describe('describeRun', () => {
  it('says model, precision and device', () => {
    const state = { precision: 'q8', device: 'cpu', arithmetic: 'float' }
    expect(describeRun(en, record({ openBook: { library: 'off' }, state }))).toBe('Small · 8-bit · on your CPU')
  })
  it('says what is out of the ordinary: 8-bit arithmetic, open book', () => {
    const state = { precision: 'q8', device: 'cpu', arithmetic: 'int8' }
    expect(describeRun(en, record({ openBook: { library: 'science' }, state }))).toBe(
      'Small · 8-bit · 8-bit arithmetic · on your CPU · open book',
    )
  })
  it('says less of a run whose settings were stored without it', () => {
    expect(describeRun(en, record(null))).toBe('Small')
  })
})
