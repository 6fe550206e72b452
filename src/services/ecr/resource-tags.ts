import type {
  ListTagsForResourceCommandInput,
  Tag,
  TagResourceCommandInput,
  UntagResourceCommandInput,
} from "@aws-sdk/client-ecr";
import type { AccountId } from "../../aws/names.ts";
import type { Call } from "../../identity/call.ts";
import type { EcrContext } from "./context.ts";
import { invalidParameter, invalidTagParameter, tooManyTags } from "./errors.ts";
import { parseRepositoryArn } from "./names.ts";
import {
  type ConditionKeys,
  openRepository,
  type Repository,
  repositoryInTransaction,
  resourceTagsOf,
} from "./repository-access.ts";

type ResourceTags = Readonly<Record<string, string>>;

const MAX_TAGS = 50;

export async function tagResource(ecr: EcrContext, call: Call, input: TagResourceCommandInput) {
  const added = parseResourceTags({}, input.tags ?? []);
  const repository = await openResource(
    ecr,
    call,
    input.resourceArn,
    "ecr:TagResource",
    requestTagConditions(added),
  );
  await changeTags(ecr, repository, (tags) => parseResourceTags(tags, input.tags ?? []));
  return {};
}

export async function untagResource(ecr: EcrContext, call: Call, input: UntagResourceCommandInput) {
  const removed = new Set(input.tagKeys ?? []);
  const repository = await openResource(ecr, call, input.resourceArn, "ecr:UntagResource", {
    "aws:TagKeys": [...removed],
  });
  await changeTags(ecr, repository, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key))),
  );
  return {};
}

export async function listTagsForResource(
  ecr: EcrContext,
  call: Call,
  input: ListTagsForResourceCommandInput,
): Promise<{ tags: Tag[] }> {
  const repository = await openResource(ecr, call, input.resourceArn, "ecr:ListTagsForResource");
  return { tags: Object.entries(resourceTagsOf(repository)).map(([Key, Value]) => ({ Key, Value })) };
}

/** `present` with `added` on top; throws InvalidTagParameterException or TooManyTagsException. */
export function parseResourceTags(present: ResourceTags, added: readonly Tag[]): ResourceTags {
  const tags = new Map(Object.entries(present));
  const seen = new Set<string>();
  for (const { Key: key, Value: value } of added) {
    if (key === undefined || key.length < 1 || key.length > 128) {
      throw invalidTagParameter("Invalid tag key: a key has between 1 and 128 characters");
    }
    if (value === undefined || value.length > 256) {
      throw invalidTagParameter(`Invalid value of tag '${key}': a value has at most 256 characters`);
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value)) {
      throw invalidTagParameter(
        `Invalid tag '${key}': letters, digits, spaces and _ . : / = + - @ are allowed`,
      );
    }
    if (key.toLowerCase().startsWith("aws:")) {
      throw invalidTagParameter("Invalid tag key: the prefix 'aws:' is reserved");
    }
    if (seen.has(key)) throw invalidTagParameter(`Duplicate tag key '${key}'`);
    seen.add(key);
    tags.set(key, value);
  }
  if (tags.size > MAX_TAGS) throw tooManyTags();
  return Object.fromEntries(tags);
}

export function requestTagConditions(tags: ResourceTags): ConditionKeys {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  return {
    "aws:TagKeys": keys,
    ...Object.fromEntries(keys.map((key) => [`aws:RequestTag/${key}`, tags[key] ?? ""])),
  };
}

async function openResource(
  ecr: EcrContext,
  call: Call,
  arn: string | undefined,
  action: string,
  context?: ConditionKeys,
): Promise<Repository> {
  const { account, region, name } = parseRepositoryArn(arn ?? "");
  if (region !== call.region)
    throw invalidParameter("resourceArn", `the resource is not in region ${call.region}`);
  return openRepository(ecr, { ...call, account: account as AccountId }, name, action, context);
}

async function changeTags(
  ecr: EcrContext,
  repository: Repository,
  change: (tags: ResourceTags) => ResourceTags,
): Promise<void> {
  await ecr.metadata.write(async (tx) => {
    const tags = change(resourceTagsOf(await repositoryInTransaction(tx, repository)));
    await tx
      .updateTable("ecr_repositories")
      .set({ resource_tags: JSON.stringify(tags) })
      .where("id", "=", repository.id)
      .execute();
  });
}
