/**
 * Every table of the database, in one type. Each room adds its own tables from its `tables.ts` by
 * declaration merging, so that a room's columns are described where its rules are:
 *
 *     declare module "../../storage/metadata/schema.ts" {
 *       interface Schema { ecr_repositories: EcrRepositoriesTable }
 *     }
 *
 * Rules that keep SQLite and PostgreSQL equal: keys are text in binary order (`COLLATE "C"` on PostgreSQL),
 * times are integers in milliseconds since the epoch, booleans are 0 or 1, sizes are integers below 2^53,
 * documents are text that is never looked into by SQL. Table names begin with their room's name.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging from each room's tables.ts
export interface Schema {}
