// The page's addresses: #screen/part/row-4. Screens own their parts; an unknown screen is the first one.
export const SCREENS = ['answer', 'ask', 'evaluate', 'models', 'library', 'history'] as const
export type Screen = (typeof SCREENS)[number]

export interface Route {
  screen: Screen
  /** What follows the screen, decoded: ['done', 'row-4']. */
  parts: string[]
}

export function parseRoute(hash: string): Route {
  const [first = '', ...parts] = hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decode)
  const screen = SCREENS.find((name) => name === first) ?? 'answer'
  return { screen, parts: screen === first ? parts : [] }
}
export function formatRoute(screen: Screen, parts: readonly string[] = []): string {
  return '#' + [screen, ...parts].map(encodeURIComponent).join('/')
}
/** 1-based row of a part like "row-4"; null when there is none. */
export function rowOfRoute(route: Route): number | null {
  for (const part of route.parts) {
    const match = /^row-([1-9]\d*)$/.exec(part)
    if (match) return Number(match[1])
  }
  return null
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
