/** Tags of an object (Amazon S3 user guide, "Categorizing your objects using tags"). */

export type TagSet = Readonly<Record<string, string>>;

/** As `s3_versions.tags` keeps it. */
export function tagsColumn(tags: TagSet): string {
  return Object.keys(tags).length === 0 ? "" : JSON.stringify(tags);
}
