// Which build of the engine runs here. Relaxed SIMD (fused multiply-add, 8-bit dot products) is in Chromium since 114, in Node since 20 (node.ts).

/** (func (result v128) i32x4.relaxed_trunc_f32x4_s of a constant): valid only where relaxed SIMD is known. */
const PROBE = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type 0: () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // function 0 has type 0
  ...[0x0a, 0x0b, 0x01, 0x09, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x81, 0x02, 0x0b], // i32.const 0, i8x16.splat, i32x4.relaxed_trunc_f32x4_s
]

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(Uint8Array.from(PROBE))
}

export type Build = 'relaxed' | 'plain'
export const bestBuild = (): Build => (hasRelaxedSimd() ? 'relaxed' : 'plain')
