/** Under which names the documents beside a distribution file are kept. */
export function coreMetadataDocument(file: string): string {
  return `core-metadata/${file}`;
}

export function provenanceDocument(file: string): string {
  return `provenance/${file}`;
}
