// MAP@k as Kaggle's "LLM Science Exam" defines it: one right label a question, 1/rank of its first place among the first k, else 0.
// A repeated label keeps its place: "B B A" scores 1/3 for A, "A A A" scores 1.

/** Average precision of one question's labels, best first. */
export function averagePrecisionAtK(prediction: readonly string[], answer: string, k: number): number {
  const place = prediction.slice(0, k).indexOf(answer)
  return place < 0 ? 0 : 1 / (place + 1)
}

/** What guessing at random earns on a question with this many options: the mean of 1/rank over the places that count. */
export function chanceAtK(options: number, k: number): number {
  let sum = 0
  for (let rank = 1; rank <= Math.min(k, options); rank++) sum += 1 / rank
  return options === 0 ? 0 : sum / options
}
