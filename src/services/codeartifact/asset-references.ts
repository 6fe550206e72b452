/** Who keeps a file's bytes alive: each version that has it, by its row; the same bytes lie once however many do. */
export function assetReferrer(versionId: string, asset: string): string {
  return `codeartifact/${versionId}/${asset}`;
}
