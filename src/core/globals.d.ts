// What core may use of the world besides ECMAScript: the same in browsers, workers and Node. Nothing of the DOM.
interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
interface TextDecoder {
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string
}
declare var TextDecoder: { new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder }
interface TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>
}
declare var TextEncoder: { new (): TextEncoder }
