// Whatever is dropped, there is a sentence and a usable page; what can be answered is answered.
import { describe, expect, it } from 'vitest'
import { answerAll, download, openFile, sample, usePages } from './pages'

const pages = usePages()
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 73, 72, 68, 82])

describe('a file that cannot be read', () => {
  it.each<[string, string | Buffer, RegExp]>([
    ['empty', '', /empty/],
    ['a header only', 'id,prompt,A,B\n', /no rows/],
    ['a picture', PNG, /not text/],
    ['one column', 'prompt\nWhat?\n', /one column/],
    ['no option columns', 'id,prompt,notes\n1,What?,none\n', /fewer than two option columns/],
  ])('with %s gives a sentence, and the sample works after it', async (_, content, sentence) => {
    const { page, errors } = await pages.visit()
    await openFile(page, 'broken.csv', content)
    await page.getByText(sentence).first().waitFor()
    expect(errors).toEqual([])
    if (await page.getByRole('button', { name: /Change file|New file/ }).isVisible())
      await page.getByRole('button', { name: /Change file|New file/ }).click()
    await openFile(page, 'good.csv', sample('science-exam-context.csv'))
    await page.getByRole('button', { name: 'Answer 80 questions' }).waitFor()
  })
})

describe('a file with troubled rows', () => {
  const lines = async (name: string, content: string | Buffer): Promise<string[]> => {
    const { page } = await pages.visit()
    await openFile(page, name, content)
    await answerAll(page)
    return (await download(page, 'Download submission.csv')).trim().split(/\r?\n/)
  }
  it('still has a line for every row', async () => {
    const csv = 'id,prompt,A,B,C\n1,no options,,,\n2,one option,,only,\n2,the id again,x,y,z\n,no id,x,y,z\n5,short\n6,fine,x,y,z,extra\n'
    const given = await lines('rows.csv', csv)
    expect(given.map((line) => line.split(',')[0])).toEqual(['id', '1', '2', '2', '4', '5', '6'])
  })
  it('in UTF-16 is read', async () => {
    const given = await lines('utf16.csv', Buffer.from('\ufeffid,prompt,A,B\nä,Was ist nass?,Wasser,Stein\n', 'utf16le'))
    expect(given[1]).toMatch(/^ä,[AB] [AB]$/)
  })
  it('with an unclosed quote keeps its rows', async () => {
    const given = await lines('quote.csv', 'id,prompt,A,B\n1,"open,x,y\n2,closed,x,y\n')
    expect(given.length).toBe(3)
  })
  it('with a cell of 10 MB is answered', async () => {
    const given = await lines('huge.csv', `id,prompt,A,B\n1,${'word '.repeat(2_000_000)},x,y\n2,short,x,y\n`)
    expect(given.length).toBe(3)
  })
})
