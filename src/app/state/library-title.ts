// What a library is called: an embedded one by the page's own words, the visitor's by the name they gave it.
import type { Text } from '../text'
import type { Libraries } from './library.svelte'

export function libraryTitle(text: Text, libraries: Libraries, id: string): string {
  const embedded: Readonly<Record<string, string>> = text.library.embedded
  return embedded[id] ?? libraries.entry(id)?.title ?? id
}
