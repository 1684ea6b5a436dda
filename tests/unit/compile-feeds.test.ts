import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feedSharedPrefix } from '../../src/core/compile/shared-prefix-feeds'
import { planBatches, type Batch } from '../../src/core/encode/batches'
import type { SharedPrefixInput } from '../../src/core/types'

const ids = (least: number, most: number) => fc.array(fc.integer({ min: 1, max: 99 }), { minLength: least, maxLength: most }).map((list) => Int32Array.from(list)) // prettier-ignore
const question: fc.Arbitrary<SharedPrefixInput> = fc
  .record({ prefixIds: ids(3, 12), contextTokens: fc.nat(9), choiceIds: fc.array(ids(2, 6), { minLength: 1, maxLength: 4 }) })
  .map(({ prefixIds, contextTokens, choiceIds }) => ({
    layout: 'shared-prefix',
    prefixIds,
    contextTokens: Math.max(0, Math.min(contextTokens, prefixIds.length - 3)),
    choiceIds,
  }))
const asked = fc.array(question, { minLength: 1, maxLength: 4 }).chain((inputs) => fc.record({ inputs: fc.constant(inputs), batch: fc.constantFrom(...planBatches(inputs, 90)) })) // prettier-ignore

/** "Embeds" a token as [id, position]. */
const embedding = {
  write(id: number, position: number, _type: number, out: Float32Array, at: number) {
    out.set([id, position], at)
  },
}
function feed(batch: Batch, inputs: readonly SharedPrefixInput[]) {
  let positions = new Int32Array()
  const feeds = feedSharedPrefix(batch, inputs, embedding, 2, (given) => {
    positions = Int32Array.from(given)
    return {}
  })
  const values = (name: string): number[] => Array.from(feeds[name]!.data, Number)
  const shape = (name: string): number[] => feeds[name]!.shape
  return { positions, values, shape, tokens: shape('block_mask')[0]!, rows: shape('read')[0]! }
}

/** Where a token of the batch comes from, as [piece's choice or -1, index in it], found by its embedded id and position alone. */
interface Place {
  token: number
  choice: number
  index: number
}
/** All tokens of a piece in their places, by the layout's definition. */
function placesOf(batch: Batch, piece: Batch['pieces'][number], input: SharedPrefixInput, tokens: number): Place[] {
  const prefix = tokens - batch.choices.reduce((a, b) => a + b, 0)
  const places = [...input.prefixIds.keys()].map((index) => ({ token: prefix - input.prefixIds.length + index, choice: -1, index }))
  let start = prefix
  batch.choices.forEach((width, slot) => {
    const choice = piece.choices[slot]
    if (choice !== undefined)
      places.push(...[...input.choiceIds[choice]!.keys()].map((index) => ({ token: start + index, choice: slot, index })))
    start += width
  })
  return places
}

describe('feedSharedPrefix', () => {
  it('embeds every token at its own position and leaves padding at zero', () => {
    fc.assert(
      fc.property(asked, ({ inputs, batch }) => {
        const { values, tokens } = feed(batch, inputs)
        const expected = batch.pieces.flatMap((piece) => {
          const input = inputs[piece.input]!
          const rows = Array.from({ length: tokens }, () => [0, 0])
          for (const { token, choice, index } of placesOf(batch, piece, input, tokens)) {
            if (choice < 0) rows[token] = [input.prefixIds[index]!, index]
            else rows[token] = [input.choiceIds[piece.choices[choice]!]![index]!, input.prefixIds.length + index]
          }
          return rows.flat()
        })
        expect(values('embeddings')).toEqual(expected)
      }),
    )
  })
  it('lets a prefix see the prefix and a choice the prefix and itself', () => {
    fc.assert(
      fc.property(asked, ({ inputs, batch }) => {
        const { values, tokens } = feed(batch, inputs)
        const block = values('block_mask')
        const key = values('key_mask')
        batch.pieces.forEach((piece, q) => {
          const places = placesOf(batch, piece, inputs[piece.input]!, tokens)
          for (const from of places) {
            const seen = Array.from({ length: tokens }, (_, t) => t).filter(
              (t) => block[from.token * tokens + t]! + key[q * tokens + t]! === 0,
            )
            const allowed = places.filter((to) => to.choice < 0 || to.choice === from.choice).map((to) => to.token)
            expect(seen).toEqual(allowed.sort((a, b) => a - b))
          }
        })
      }),
    )
  })
  it('sets tokens as far apart as they stand in their question', () => {
    fc.assert(
      fc.property(asked, ({ inputs, batch }) => {
        const { positions, tokens } = feed(batch, inputs)
        for (const piece of batch.pieces) {
          const input = inputs[piece.input]!
          const places = placesOf(batch, piece, input, tokens)
          const own = ({ choice, index }: Place): number => (choice < 0 ? index : input.prefixIds.length + index)
          const shift = positions[places[0]!.token]! - own(places[0]!)
          expect(places.map((place) => positions[place.token]! - own(place) - shift)).toEqual(places.map(() => 0))
        }
      }),
    )
  })
  it('reads the first token of every choice, and of contexts and inner tokens those that are there', () => {
    fc.assert(
      fc.property(asked, ({ inputs, batch }) => {
        const { values, tokens, rows } = feed(batch, inputs)
        const read = values('read')
        const first = values('first').map((row) => read[row]!)
        const slots = batch.choices.length
        batch.pieces.forEach((piece, q) => {
          const input = inputs[piece.input]!
          const places = placesOf(batch, piece, input, tokens)
          const marked = (name: string, line: number): number[] => read.filter((_, row) => values(name)[line * rows + row] === 1)
          const isOpen = input.contextTokens > 0
          const context = places.filter(({ choice, index }) => isOpen && choice < 0 && index >= 1 && index <= input.contextTokens)
          expect(marked('context_mask', q)).toEqual(context.map(({ token }) => token))
          piece.choices.forEach((choice, slot) => {
            const own = places.filter((place) => place.choice === slot)
            const inner = isOpen ? own.slice(1, input.choiceIds[choice]!.length - 1) : []
            expect({ first: first[slot], inner: marked('inner_mask', q * slots + slot) }).toEqual({
              first: own[0]!.token,
              inner: inner.map(({ token }) => token),
            })
          })
        })
      }),
    )
  })
  it('makes the number of tokens a multiple of four', () => {
    fc.assert(fc.property(asked, ({ inputs, batch }) => feed(batch, inputs).tokens % 4 === 0))
  })
})
