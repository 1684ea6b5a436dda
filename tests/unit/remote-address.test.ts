import { describe, expect, it } from 'vitest'
import { readAddress } from '../../src/jobs/remote-address'

const HUB = 'https://huggingface.co/owner/name/resolve/main/'

describe('an address', () => {
  it.each([
    ['https://huggingface.co/owner/name', HUB, null],
    [' huggingface.co/owner/name/ ', HUB, null],
    ['https://hf.co/owner/name/tree/main', HUB, null],
    ['https://huggingface.co/owner/name/blob/main/config.json?download=true', HUB, null],
    ['https://huggingface.co/owner/name/tree/v2/small', 'https://huggingface.co/owner/name/resolve/v2/small/', null],
    ['https://huggingface.co/owner/name/resolve/main/model.safetensors', HUB, null],
    ['https://huggingface.co/owner/name/blob/main/onnx/model_q4.onnx', HUB, 'onnx/model_q4.onnx'],
    ['https://huggingface.co/bert-base-uncased', 'https://huggingface.co/bert-base-uncased/resolve/main/', null],
    ['https://example.org/models/mine', 'https://example.org/models/mine/', null],
    ['https://example.org/models/mine/#top', 'https://example.org/models/mine/', null],
    ['https://example.org/models/mine/model.onnx', 'https://example.org/models/mine/', 'model.onnx'],
    ['http://localhost:8000', 'http://localhost:8000/', null],
    ['localhost:8000/mine', 'http://localhost:8000/mine/', null],
  ])('%s is the folder %s, graph %s', (text, base, file) => {
    expect(readAddress(text)).toMatchObject({ base, file })
  })

  it('names the model after its folder', () => {
    const names = ['huggingface.co/owner/name/tree/main', 'https://example.org/a/my%20model/', 'https://example.org'].map(
      (text) => readAddress(text).name,
    )
    expect(names).toEqual(['name', 'my model', 'example.org'])
  })

  it.each([
    '',
    'mine',
    'a b',
    'ftp://example.org/x',
    'file:///etc/passwd',
    'https://huggingface.co/',
    'https://huggingface.co/datasets/a/b',
    'https://me:secret@example.org/x',
    'https://exa mple.org',
  ])('%j is refused', (text) => {
    expect(() => readAddress(text)).toThrow(`“${text}” is no address of a model`)
  })
})
