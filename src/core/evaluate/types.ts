// What a labelled run says about itself.
export interface Estimate {
  value: number
  /** 95% interval. */
  interval: [number, number]
}
export interface Evaluation {
  /** Rows with a usable answer; the others are left out. */
  scored: number
  leftOut: number[]
  mapAt3: Estimate
  /** Share right at rank 1, within 2, within 3. */
  rightWithin: [Estimate, Estimate, Estimate]
  /** MAP@3 of guessing at random on these option counts. */
  chance: number
  /** Confidence of the first choice in ten equal bins over [0, 1]: rows right and wrong, mean confidence. */
  bins: { from: number; to: number; right: number; wrong: number; meanConfidence: number }[]
  /** Expected calibration error over those bins; null under 20 scored rows. */
  calibrationError: number | null
  /** How often each letter is the answer, is ranked first, and is right when ranked first. */
  letters: { letter: string; answers: number; chosen: number; right: number }[]
}
