import type { Metadata, Migrations } from "./metadata.ts";

export async function openPostgresMetadata(_url: string, _migrations: Migrations): Promise<Metadata> {
  throw new Error("PostgreSQL comes in the next commit");
}
