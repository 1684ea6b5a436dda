import { describe, expect, it } from 'vitest'
import { isModel, readDrop } from '../../src/app/state/dropped-files'

type Tree = { [name: string]: string | Tree }

/** A folder as the browser gives it: its entries in portions of two. */
function entryOf(name: string, content: string | Tree, path = ''): FileSystemEntry {
  const fullPath = `${path}/${name}`
  if (typeof content === 'string')
    return {
      isDirectory: false,
      name,
      fullPath,
      file: (resolve: (file: File) => void, reject: (error: Error) => void) =>
        content === 'gone' ? reject(new Error('NotFoundError')) : resolve(new File([content], name)),
    } as unknown as FileSystemEntry
  const children = Object.entries(content).map(([child, inside]) => entryOf(child, inside, fullPath))
  return {
    isDirectory: true,
    name,
    fullPath,
    createReader: () => ({ readEntries: (resolve: (entries: FileSystemEntry[]) => void) => resolve(children.splice(0, 2)) }),
  } as unknown as FileSystemEntry
}
function drop(tree: Tree): Pick<DataTransfer, 'items' | 'files'> {
  const items = Object.entries(tree).map(([name, content]) => ({ kind: 'file', webkitGetAsEntry: () => entryOf(name, content) }))
  return { items, files: Object.keys(tree).map((name) => new File(['x'], name)) } as unknown as Pick<DataTransfer, 'items' | 'files'>
}

describe('what was dropped', () => {
  it('is files as they are where no folder is among them', async () => {
    expect((await readDrop(drop({ 'a.csv': '1', 'b.csv': '2' }))).map(({ name }) => name)).toEqual(['a.csv', 'b.csv'])
  })
  it('is every file of a folder, by its path', async () => {
    const dropped = await readDrop(
      drop({ bert: { 'config.json': '{}', 'a.txt': '1', 'b.txt': '2', onnx: { 'model.onnx': '3' } }, 'x.md': '4' }),
    )
    expect(dropped.map(({ name }) => name).sort()).toEqual(
      ['bert/a.txt', 'bert/b.txt', 'bert/config.json', 'bert/onnx/model.onnx', 'x.md'].sort(),
    )
    expect(await dropped.find(({ name }) => name === 'bert/onnx/model.onnx')!.blob.text()).toBe('3')
  })
  it('is refused by name where a file has gone', async () => {
    await expect(readDrop(drop({ bert: { 'config.json': 'gone' } }))).rejects.toMatchObject({
      code: 'file_unreadable',
      detail: { file: 'config.json' },
    })
  })
  it.each([
    [['bert/config.json', 'bert/vocab.txt'], true, true],
    [['bert/config.json', 'bert/vocab.txt'], false, false],
    [['a/model-00001-of-00002.safetensors'], false, true],
    [['pytorch_model.bin'], false, true],
    [['onnx/model.onnx'], false, true],
    [['index.bin', 'passages.bin'], true, false],
    [['questions.csv'], true, false],
  ])('%j, description enough: %s, is a model: %s', (names, isEnough, expected) => {
    expect(isModel(names, isEnough)).toBe(expected)
  })
})
