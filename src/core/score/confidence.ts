// Confidence is the probability of the first choice. It says how sure the model is, not that it is right.

/** Below this a row is listed as one of low confidence. */
export const LOW_CONFIDENCE = 0.4
