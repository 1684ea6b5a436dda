// The built command line, run as somebody at a terminal does.
import { execFile } from 'node:child_process'
import { ROOT } from '../browser/launch'

export interface Ended {
  code: number
  out: string
  error: string
}
/** Never rejects: how it ended is what is looked at. `code` -1: it was killed. */
export const pagewise = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile('node', [`${ROOT}/dist/cli/main.mjs`, ...args], (failure, out, error) => {
      resolve({ code: typeof failure?.code === 'number' ? failure.code : failure ? -1 : 0, out, error })
    })
  })
