import { randomBytes } from "node:crypto";
import type {
  CreateDomainCommandInput,
  DeleteDomainCommandInput,
  DescribeDomainCommandInput,
  ListDomainsCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { AccountId, Region } from "../../../aws/names.ts";
import { formatArn } from "../../../aws/names.ts";
import type { Call } from "../../../identity/call.ts";
import type { Reader } from "../../../storage/metadata/metadata.ts";
import { authorizeDomain, type DomainRow, domainInTransaction, findDomain, openDomain } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { chooseKey } from "../encryption.ts";
import { conflict } from "../errors.ts";
import { domainArn } from "../names.ts";
import { listPage } from "../paging.ts";
import { requestTagConditions, withTags } from "../resource-tags.ts";
import { PURGE_DOMAIN } from "./domain-purge.ts";

export async function createDomain(
  context: CodeArtifactContext,
  call: Call,
  input: CreateDomainCommandInput,
) {
  const owner = call.principal.account;
  const name = input.domain ?? "";
  const tags = withTags({}, input.tags);
  const conditions = { context: requestTagConditions(tags) };
  const asked = { owner, name, row: undefined };
  authorizeDomain(context.authorize, call, asked, "codeartifact:CreateDomain", conditions);
  if (Object.keys(tags).length > 0)
    authorizeDomain(context.authorize, call, asked, "codeartifact:TagResource", conditions);
  const row: DomainRow = {
    // 96 bits; short, because every package of the domain repeats it.
    id: randomBytes(12).toString("base64url"),
    account: owner,
    region: call.region,
    name,
    created_at: call.now.getTime(),
    encryption_key: await chooseKey(context, call, input.encryptionKey),
    graph_revision: 1,
    policy: null,
    policy_revision: null,
    resource_tags: JSON.stringify(tags),
  };
  await context.metadata.write(async (tx) => {
    const inserted = await tx
      .insertInto("codeartifact_domains")
      .values(row)
      .onConflict((on) => on.columns(["account", "region", "name"]).doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted === undefined)
      throw conflict(`Domain '${name}' owned by account '${owner}' already exists.`, "domain", name);
  });
  return { domain: await describe(context.metadata.reader, row) };
}

export async function describeDomain(
  context: CodeArtifactContext,
  call: Call,
  input: DescribeDomainCommandInput,
) {
  const row = await openDomain(context, call, input, "codeartifact:DescribeDomain");
  return { domain: await describe(context.metadata.reader, row) };
}

/** A domain that is not there is no error: the API's model has none for it. */
export async function deleteDomain(
  context: CodeArtifactContext,
  call: Call,
  input: DeleteDomainCommandInput,
) {
  const owner = (input.domainOwner ?? call.principal.account) as AccountId;
  const name = input.domain ?? "";
  const row = await findDomain(context.metadata.reader, { owner, region: call.region, domain: name });
  authorizeDomain(context.authorize, call, { owner, name, row }, "codeartifact:DeleteDomain");
  if (row === undefined) return {};
  await context.metadata.write(async (tx) => {
    await domainInTransaction(tx, row);
    const repository = await tx
      .selectFrom("codeartifact_repositories")
      .select("name")
      .where("domain_id", "=", row.id)
      .limit(1)
      .executeTakeFirst();
    if (repository !== undefined)
      throw conflict(`Domain '${name}' cannot be deleted: it contains repositories.`, "domain", name);
    const groups = tx.selectFrom("codeartifact_groups").select("id").where("domain_id", "=", row.id);
    await tx.deleteFrom("codeartifact_group_repositories").where("group_id", "in", groups).execute();
    await tx.deleteFrom("codeartifact_groups").where("domain_id", "=", row.id).execute();
    await tx.deleteFrom("codeartifact_domains").where("id", "=", row.id).execute();
    await context.jobs.enqueue(tx, { kind: PURGE_DOMAIN, payload: { domainId: row.id }, key: row.id });
  });
  return { domain: { ...(await describe(context.metadata.reader, row)), status: "Deleted" as const } };
}

/** The caller's own domains of the region; unlike every other listing it is asked for in the request's body. */
export async function listDomains(context: CodeArtifactContext, call: Call, input: ListDomainsCommandInput) {
  const owner = call.principal.account;
  const every = { owner, name: "*", row: undefined };
  authorizeDomain(context.authorize, call, every, "codeartifact:ListDomains");
  const { items, nextToken } = await listPage(
    context,
    call,
    { operation: "codeartifact:ListDomains", purpose: [] },
    input,
    ({ after: [after], limit }) =>
      context.metadata.reader
        .selectFrom("codeartifact_domains")
        .selectAll()
        .where("account", "=", owner)
        .where("region", "=", call.region)
        .$if(after !== undefined, (query) => query.where("name", ">", after ?? ""))
        .orderBy("name")
        .limit(limit)
        .execute(),
    (row) => [row.name],
  );
  return { domains: items.map(summarize), nextToken };
}

function summarize(row: DomainRow) {
  const { account: owner, region, name } = row;
  return {
    name,
    owner,
    arn: domainArn({ owner, region, domain: name }),
    status: "Active" as const,
    createdTime: new Date(row.created_at),
    encryptionKey: row.encryption_key ?? managedKey(owner, region),
  };
}

async function describe(db: Reader, row: DomainRow) {
  return {
    ...summarize(row),
    repositoryCount: await countRepositories(db, row.id),
    assetSizeBytes: await sumAssets(db, row.id),
    // No bucket that anybody could open, as at AWS: which store the assets of this account and region lie in.
    s3BucketArn: `arn:aws:s3:::assets-${row.account}-${row.region}`,
  };
}

async function countRepositories(db: Reader, domainId: string): Promise<number> {
  const { count } = await db
    .selectFrom("codeartifact_repositories")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("domain_id", "=", domainId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** A file that several repositories or versions have lies, and counts, once. */
async function sumAssets(db: Reader, domainId: string): Promise<number> {
  const { bytes } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom("codeartifact_packages as package")
        .innerJoin("codeartifact_versions as version", "version.package_id", "package.id")
        .innerJoin("codeartifact_assets as asset", "asset.version_id", "version.id")
        .select(["asset.blob_id", "asset.size"])
        .where("package.domain_id", "=", domainId)
        .distinct()
        .as("assets"),
    )
    .select((eb) => eb.fn.sum("size").as("bytes"))
    .executeTakeFirstOrThrow();
  return Number(bytes ?? 0);
}

const MANAGED_ALIAS = "alias/aws/codeartifact";

/** What domains from before there were keys are said to have. */
function managedKey(owner: string, region: string): string {
  return formatArn({
    service: "kms",
    region: region as Region,
    account: owner as AccountId,
    resource: MANAGED_ALIAS,
  });
}
