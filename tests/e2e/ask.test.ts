// One typed question: ranked when typing stops, on Enter, and only the last one counts.
import { describe, expect, it } from 'vitest'
import { shoot } from '../browser/launch'
import { usePages } from './pages'

const pages = usePages()

describe('a typed question', () => {
  it('is ranked when typing stops', async () => {
    const { page, errors } = await pages.visit({ hash: '#ask' })
    await page.getByLabel('Question', { exact: true }).fill('Which gas do plants take from the air to make sugar?')
    for (const [letter, option] of [
      ['A', 'Carbon dioxide'],
      ['B', 'Helium'],
      ['C', 'Argon'],
    ] as const)
      await page.getByLabel(`Option ${letter}`, { exact: true }).fill(option)
    await page
      .getByText(/, a clear lead\.|, ahead of|A close call/)
      .first()
      .waitFor({ timeout: 60_000 })
    await shoot(page, 'ask')
    expect(errors).toEqual([])
  })
  it('is answered for its last wording only', async () => {
    const { page } = await pages.visit({ hash: '#ask' })
    const prompt = page.getByLabel('Question', { exact: true })
    await prompt.fill('Which of these is a planet?')
    await page.getByLabel('Option A', { exact: true }).fill('Mars')
    await page.getByLabel('Option B', { exact: true }).fill('a spoon')
    await page
      .getByText(/, a clear lead\.|, ahead of .+\.|A close call between/)
      .first()
      .waitFor({ timeout: 60_000 })
    for (const word of ['Which', 'Which is', 'Which is a planet']) await prompt.fill(word)
    await prompt.press('Control+Enter')
    await expect
      .poll(() => page.getByText(/, a clear lead\.|, ahead of .+\.|A close call between/).count(), { timeout: 30_000 })
      .toBeGreaterThan(0)
  })
})
