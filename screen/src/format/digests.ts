/** What a digest is called where there is no room for all of it. */
export function short(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 7);
}
