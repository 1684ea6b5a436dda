/** A cell as a sentence quotes it: 80 characters at most, so that a cell of 10 MB does not travel with its problem. */
export function clip(text: string): string {
  return text.length <= 80 ? text : text.slice(0, 79) + '…'
}
