// Where the visitor is. The address is the truth: going back and forward works, a link to a row opens it.
import { formatRoute, parseRoute, type Route, type Screen } from './route'

export class Router {
  #route = $state.raw<Route>(parseRoute(location.hash))
  #isQuiet = false

  constructor() {
    addEventListener('hashchange', () => {
      if (formatRoute(this.#route.screen, this.#route.parts) === location.hash) return
      this.#isQuiet = false
      this.#route = parseRoute(location.hash)
    })
  }
  get route(): Route {
    return this.#route
  }
  get screen(): Screen {
    return this.#route.screen
  }
  /** True when the last change only renamed the state (running became done): focus stays where it is. */
  get isQuiet(): boolean {
    return this.#isQuiet
  }
  /** `isReplacing`: no new entry in the browser's history (a state that the visitor did not choose). */
  go(screen: Screen, parts: readonly string[] = [], isReplacing = false): void {
    const hash = formatRoute(screen, parts)
    if (hash === location.hash) return
    this.#isQuiet = isReplacing
    history[isReplacing ? 'replaceState' : 'pushState'](null, '', hash)
    this.#route = parseRoute(hash)
  }
}
