import { migrations as events } from "./events/migrations.ts";
import { migrations as identity } from "./identity/migrations.ts";
import { migrations as jobs } from "./jobs/migrations.ts";
import { migrations as codeartifact } from "./services/codeartifact/index.ts";
import { migrations as ecr } from "./services/ecr/index.ts";
import { migrations as kms } from "./services/kms/index.ts";
import { migrations as s3 } from "./services/s3/migrations.ts";
import { migrations as blobs } from "./storage/blobs/migrations.ts";
import type { Migrations } from "./storage/metadata/metadata.ts";

/** Every room's migrations; their names sort in the order in which they run. */
export const migrations: Migrations = {
  ...identity,
  ...jobs,
  ...events,
  ...blobs,
  ...ecr,
  ...codeartifact,
  ...s3,
  ...kms,
};
