// A question as the host writes it: i32 [prefix tokens P, context tokens, choices C, tokens of each choice …]. Questions that are answered
// together follow each other; their token ids (prefix, then choices, question by question) stand in a list of their own, their token types in
// another. A pair of layout pairs is a choice behind an empty prefix.

@inline
export function prefixOf(question: usize): i32 {
  return load<i32>(question)
}
/** Tokens 1 … context of the prefix are the context. */
@inline
export function contextOf(question: usize): i32 {
  return load<i32>(question, 4)
}
@inline
export function choicesOf(question: usize): i32 {
  return load<i32>(question, 8)
}
@inline
export function lengthOf(question: usize, choice: i32): i32 {
  return load<i32>(question + 12 + <usize>choice * 4)
}
@inline
export function nextQuestion(question: usize): usize {
  return question + 12 + <usize>choicesOf(question) * 4
}
/** Tokens of a choice of n tokens that the heads read: the first, and with a context all but the last. */
@inline
export function keptOf(question: usize, n: i32): i32 {
  return contextOf(question) ? max(1, n - 1) : 1
}
