/**
 * Cross-repository mount (distribution-spec, "Mounting a blob from another repository"): a layer the caller may read in
 * one repository appears in another without its bytes moving. Deliberate differences from ECR: it is on unless the
 * account setting BLOB_MOUNTING says DISABLED, and the layer need not be used by an image yet (ECR's issue 2860).
 */
import { AwsError } from "../../aws/errors.ts";
import type { Call } from "../../identity/call.ts";
import type { Digest } from "../../storage/blobs/digest.ts";
import type { EcrContext } from "./context.ts";
import { addLayer } from "./layers.ts";
import {
  authorizeRepository,
  openRepository,
  type Repository,
  repositoryInTransaction,
} from "./repository-access.ts";

/** How many repositories that hold the layer are tried when the client names none. */
const CANDIDATES = 50;

const READ_ACTIONS = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"];

export async function mountLayer(
  ecr: EcrContext,
  call: Call,
  name: string,
  digest: Digest,
  from?: string,
): Promise<boolean> {
  const target = await openRepository(ecr, call, name, "ecr:InitiateLayerUpload");
  authorizeRepository(ecr, call, target, "ecr:CompleteLayerUpload");
  if (target.blob_mounting === "DISABLED") return false;
  const sources = await repositoriesWith(ecr, call, digest, from);
  // Under another key the bytes have to come again: they would lie under the wrong one.
  const source = sources.find(
    (repository) => repository.kms_key === target.kms_key && mayRead(ecr, call, repository),
  );
  if (source === undefined || !(await isWhole(ecr, source, digest))) return false;
  return ecr.metadata.write(async (tx) => {
    await repositoryInTransaction(tx, target);
    const layer = await tx
      .selectFrom("ecr_layers")
      .select(["blob_id as id", "size"])
      .where("repository_id", "=", source.id)
      .where("digest", "=", digest)
      .executeTakeFirst();
    if (layer === undefined) return false;
    await addLayer(ecr, tx, target.id, digest, layer, call.now);
    return true;
  });
}

/** Damaged bytes are no help: the client is to send its own. */
async function isWhole(ecr: EcrContext, { id }: Repository, digest: Digest): Promise<boolean> {
  const layer = await ecr.metadata.reader
    .selectFrom("ecr_layers")
    .select("blob_id")
    .where("repository_id", "=", id)
    .where("digest", "=", digest)
    .executeTakeFirst();
  return layer !== undefined && ecr.blobs.isThere(layer.blob_id);
}

async function repositoriesWith(
  ecr: EcrContext,
  call: Call,
  digest: Digest,
  from: string | undefined,
): Promise<readonly Repository[]> {
  const { reader } = ecr.metadata;
  if (from !== undefined) {
    const key = { account: call.account, region: call.region, name: from, digest };
    const named = await ecr.queries.layer(reader, key);
    return named === undefined || named.layer_blob_id === null ? [] : [named];
  }
  return (
    reader
      .selectFrom("ecr_layers as layer")
      // CROSS JOIN keeps SQLite from beginning with every repository of the account.
      .crossJoin("ecr_repositories as repository")
      .leftJoin("ecr_registries as registry", (join) =>
        join
          .onRef("registry.account", "=", "repository.account")
          .onRef("registry.region", "=", "repository.region"),
      )
      .selectAll("repository")
      .select(["registry.policy as registry_policy", "registry.blob_mounting as blob_mounting"])
      .where("layer.digest", "=", digest)
      .whereRef("repository.id", "=", "layer.repository_id")
      .where("repository.account", "=", call.account)
      .where("repository.region", "=", call.region)
      .limit(CANDIDATES)
      .execute()
  );
}

function mayRead(ecr: EcrContext, call: Call, repository: Repository): boolean {
  try {
    for (const action of READ_ACTIONS) authorizeRepository(ecr, call, repository, action);
    return true;
  } catch (error) {
    // Not allowed reads as not there: the client then uploads the bytes it has.
    if (error instanceof AwsError) return false;
    throw error;
  }
}
