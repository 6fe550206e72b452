import { fileURLToPath } from "node:url";
import type { Metadata, MetadataOptions, Migrations } from "./metadata.ts";
import { openPostgresMetadata } from "./postgres.ts";
import { openSqliteMetadata } from "./sqlite.ts";

/**
 * Opens the metadata database, migrated to this program's schema. `url` is `postgres://user@host/database`,
 * `sqlite:///path/file.db`, or a plain path. Throws MetadataUnavailable or DatabaseTooNew.
 */
export async function openMetadata(
  url: string,
  migrations: Migrations,
  options: MetadataOptions = {},
): Promise<Metadata> {
  if (/^postgres(ql)?:/.test(url)) return openPostgresMetadata(url, migrations);
  if (url.startsWith("sqlite:"))
    return openSqliteMetadata(fileURLToPath(url.replace("sqlite:", "file:")), migrations, options);
  if (/^[a-z][a-z0-9+.-]+:/i.test(url))
    throw new TypeError(`not a database this server knows: ${url.split(":", 1)[0]}`);
  return openSqliteMetadata(url, migrations, options);
}
