// What somebody typed or pasted as the address of a model -> the folder whose files are asked for.
import { AppError } from '../core/errors'

export interface RemoteAddress {
  /** The folder, with a slash at its end. */
  base: string
  /** What people call it. */
  place: string
  /** A name for the model: the folder's own. */
  name: string
  /** The .onnx file that was named, inside the folder; null where a folder was named. */
  file: string | null
}

/** huggingface.co/OWNER/NAME, and old models without an owner; what follows names a view, a branch and a file. */
const HUB = /^(?:www\.)?(?:huggingface\.co|hf\.co)$/
const HUB_PATH = /^\/((?:[^/]+\/)?[^/]+?)(?:\/(?:tree|blob|resolve)\/([^/]+)(?:\/(.*))?)?$/
const HUB_OTHERS = /^\/(datasets|spaces|docs|models|collections|papers)(\/|$)/
/** Names of files that a model's folder has. */
const MODEL_FILE = /\.(json|onnx|safetensors|bin|txt|md)$/

/** Throws address_unusable. */
export function readAddress(text: string): RemoteAddress {
  const typed = text.trim()
  const unusable = new AppError('address_unusable', { address: typed.slice(0, 200) })
  let url: URL
  try {
    url = new URL(withScheme(typed))
  } catch {
    throw unusable
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw unusable
  if (url.username !== '' || url.password !== '' || !/[.:]|^localhost$/.test(url.host)) throw unusable
  if (HUB.test(url.hostname)) {
    const [, model, branch = 'main', path = ''] = HUB_PATH.exec(url.pathname.replace(/\/+$/, '')) ?? []
    if (model === undefined || HUB_OTHERS.test(url.pathname)) throw unusable
    const { folder, file } = split(path)
    return {
      base: `https://huggingface.co/${model}/resolve/${branch}/${folder}`,
      place: `https://huggingface.co/${model}`,
      name: model.slice(model.indexOf('/') + 1),
      file,
    }
  }
  const { folder, file } = split(url.pathname.slice(1))
  const base = `${url.origin}/${folder}`
  return { base, place: base.slice(0, -1), name: decodeURIComponent(folder.split('/').at(-2) ?? url.hostname), file }
}

/** An address that is typed without one: a host of this machine has no certificate. */
function withScheme(typed: string): string {
  if (/^[a-z]+:(?!\d)/i.test(typed)) return typed
  return /^(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/.test(typed) ? `http://${typed}` : `https://${typed}`
}

/** A path that ends in a file of a model is about the file's folder; of a graph it is about that graph. */
function split(path: string): { folder: string; file: string | null } {
  const [last, ...others] = path.split('/').reverse()
  const isFile = last !== undefined && MODEL_FILE.test(last)
  const parts = (isFile ? others.reverse() : path.split('/')).filter((part) => part !== '')
  const isGraph = isFile && last.endsWith('.onnx')
  // onnx/model.onnx: what describes it lies in the folder above.
  const below = isGraph && parts.at(-1) === 'onnx' ? parts.pop() : undefined
  const folder = parts.map((part) => `${part}/`).join('')
  return { folder, file: isGraph ? `${below === undefined ? '' : 'onnx/'}${last}` : null }
}
