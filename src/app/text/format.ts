// Numbers as people read them, in both languages: bytes in decimal units, durations that do not flicker, shares as whole percents.
export type Language = 'en' | 'zh'
export const LOCALES: Record<Language, string> = { en: 'en', zh: 'zh-Hans' }

export interface Format {
  /** 58,214 */
  number(value: number): string
  /** 0.727: scores have three digits. */
  score(value: number): string
  /** A share of 1 as a whole percent: 71%. */
  percent(share: number): string
  /** 2.1 kB, 61 kB, 23 MB. */
  bytes(bytes: number): string
  /** 14.3 of 23.0 MB: both in the unit of the second. */
  bytesOf(done: number, total: number): [string, string]
  /** 19 s, 2 min 05 s. */
  duration(seconds: number): string
  /** 9 ms; 1.2 s: for what is over before one could count. */
  milliseconds(seconds: number): string
  /** 6.2; 0.31; 29: two digits, enough for a speed. */
  rate(perSecond: number): string
  time(milliseconds: number): string
  day(milliseconds: number): string
  /** 25 Nov: for a list of runs. */
  shortDay(milliseconds: number): string
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB'] as const

export function makeFormat(language: Language): Format {
  const locale = LOCALES[language]
  const number = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' })
  const shortDay = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
  const units = language === 'en' ? { second: ' s', minute: ' min ', hour: ' h ' } : { second: ' 秒', minute: ' 分 ', hour: ' 小时 ' }
  return {
    number: (value) => number.format(value),
    score: (value) => value.toFixed(3),
    percent: (share) => percent.format(share),
    bytes(bytes) {
      const unit = byteUnit(bytes)
      return `${inUnit(bytes, unit)} ${BYTE_UNITS[unit]}`
    },
    bytesOf(done, total) {
      const unit = byteUnit(total)
      const digits = unit === 0 ? 0 : 1
      return [(done / 1000 ** unit).toFixed(digits), `${(total / 1000 ** unit).toFixed(digits)} ${BYTE_UNITS[unit]}`]
    },
    duration(seconds) {
      const whole = Math.max(0, Math.round(seconds))
      if (seconds < 1 && whole < 10) return `${seconds < 0.1 ? Math.max(0, seconds).toFixed(2) : seconds.toFixed(1)}${units.second}`
      if (whole < 60) return `${whole}${units.second}`
      const two = (value: number) => String(value).padStart(2, '0')
      if (whole < 3600) return `${Math.floor(whole / 60)}${units.minute}${two(whole % 60)}${units.second}`
      return `${Math.floor(whole / 3600)}${units.hour}${two(Math.floor(whole / 60) % 60)}${units.minute.trimEnd()}`
    },
    milliseconds: (seconds) =>
      seconds < 1 ? `${Math.round(seconds * 1000)}${language === 'en' ? ' ms' : ' 毫秒'}` : `${seconds.toFixed(1)}${units.second}`,
    rate: (perSecond) => (perSecond >= 10 ? perSecond.toFixed(0) : perSecond >= 1 ? perSecond.toFixed(1) : perSecond.toFixed(2)),
    time: (milliseconds) => time.format(milliseconds),
    day: (milliseconds) => day.format(milliseconds),
    shortDay: (milliseconds) => shortDay.format(milliseconds),
  }
}

/** 0: B, 1: kB, 2: MB, 3: GB. */
function byteUnit(bytes: number): number {
  return bytes < 1000 ? 0 : bytes < 999_500 ? 1 : bytes < 999_500_000 ? 2 : 3
}
function inUnit(bytes: number, unit: number): string {
  const value = bytes / 1000 ** unit
  return unit > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)
}
