// Hands a blob to the browser's download, under a name.
const RELEASE_MS = 10_000

export function saveFile(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = href
  link.download = name
  link.click()
  // The browser reads the address after this function has returned.
  setTimeout(() => {
    URL.revokeObjectURL(href)
  }, RELEASE_MS)
}

/** The name of a folder's archive. */
export const archiveName = (title: string): string => `${title.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 60)}.tar`
