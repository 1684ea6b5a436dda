// Small choices kept in localStorage, or for this tab alone in sessionStorage. Where storage is refused they last as long as the page;
// what cannot be read counts as absent.
type Area = 'localStorage' | 'sessionStorage'

export function readStored<T>(key: string, isValid: (value: unknown) => value is T, area: Area = 'localStorage'): T | null {
  try {
    const value: unknown = JSON.parse(globalThis[area].getItem(`pagewise.${key}`) ?? 'null')
    return isValid(value) ? value : null
  } catch {
    return null
  }
}
export function writeStored(key: string, value: unknown, area: Area = 'localStorage'): void {
  try {
    globalThis[area].setItem(`pagewise.${key}`, JSON.stringify(value))
  } catch {
    // Private window or storage off: the choice holds until the page closes.
  }
}
