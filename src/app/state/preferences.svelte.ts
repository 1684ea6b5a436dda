// Theme and language: chosen once, kept, and put on <html>, where the styles and screen readers look.
import { LOCALES, makeFormat, TEXTS, type Format, type Language, type Text } from '../text'
import { readStored, writeStored } from './stored'

export type Theme = 'auto' | 'light' | 'dark'
const isTheme = (value: unknown): value is Theme => value === 'auto' || value === 'light' || value === 'dark'
const isLanguage = (value: unknown): value is Language => value === 'en' || value === 'zh'

export class Preferences {
  #theme = $state<Theme>(readStored('theme', isTheme) ?? 'auto')
  #language = $state<Language>(readStored('language', isLanguage) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en'))
  readonly #format: Format = $derived(makeFormat(this.#language))

  constructor() {
    this.#apply()
  }
  get theme(): Theme {
    return this.#theme
  }
  set theme(theme: Theme) {
    this.#theme = theme
    writeStored('theme', theme)
    this.#apply()
  }
  get language(): Language {
    return this.#language
  }
  set language(language: Language) {
    this.#language = language
    writeStored('language', language)
    this.#apply()
  }
  get text(): Text {
    return TEXTS[this.#language]
  }
  get format(): Format {
    return this.#format
  }
  #apply(): void {
    const html = document.documentElement
    html.lang = LOCALES[this.#language]
    if (this.#theme === 'auto') delete html.dataset.theme
    else html.dataset.theme = this.#theme
  }
}
