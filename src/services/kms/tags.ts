/** Tags of keys (KMS developer guide, "Tags in AWS KMS"). */
import type {
  ListResourceTagsCommandInput,
  Tag,
  TagResourceCommandInput,
  UntagResourceCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import type { ConditionKeys } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { tagProblem } from "./errors.ts";
import { requireNotPending } from "./key.ts";
import { openOwnKey } from "./open-named-key.ts";
import { pageOf } from "./paging.ts";

type Tags = Readonly<Record<string, string>>;

const MAX_TAGS = 50;

/** `present` with `added` on top; throws TagException. */
export function withTags(present: Tags, added: readonly Tag[] = []): Tags {
  const names = added.map((tag) => tag.TagKey ?? "");
  if (new Set(names).size !== names.length) throw tagProblem("Duplicate tag keys");
  for (const { TagKey: name = "", TagValue: value = "" } of added) {
    if (name.toLowerCase().startsWith("aws:"))
      throw tagProblem("Tag keys that begin with aws: are reserved.");
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(name + value))
      throw tagProblem("A tag holds letters, digits, spaces and _ . : / = + - @ only.");
  }
  const tags = new Map([
    ...Object.entries(present),
    ...added.map((tag): [string, string] => [tag.TagKey ?? "", tag.TagValue ?? ""]),
  ]);
  if (tags.size > MAX_TAGS) throw tagProblem("Too many tags");
  return Object.fromEntries(tags);
}

export async function tagResource(kms: KmsContext, call: Call, input: TagResourceCommandInput) {
  const given = withTags({}, input.Tags);
  const key = await openOwnKey(kms, call, input.KeyId, {
    action: "kms:TagResource",
    conditions: requestTags(given),
  });
  requireNotPending(key);
  await changeTags(kms, key.id, (present) => withTags(present, input.Tags));
  return {};
}

export async function untagResource(kms: KmsContext, call: Call, input: UntagResourceCommandInput) {
  const removed = new Set(input.TagKeys);
  const key = await openOwnKey(kms, call, input.KeyId, {
    action: "kms:UntagResource",
    conditions: { "aws:TagKeys": [...removed] },
  });
  requireNotPending(key);
  await changeTags(kms, key.id, (present) =>
    Object.fromEntries(Object.entries(present).filter(([name]) => !removed.has(name))),
  );
  return {};
}

export async function listResourceTags(kms: KmsContext, call: Call, input: ListResourceTagsCommandInput) {
  const key = await openOwnKey(kms, call, input.KeyId, { action: "kms:ListResourceTags" });
  const tags = Object.entries(JSON.parse(key.resource_tags) as Tags).map(([TagKey, TagValue]) => ({
    TagKey,
    TagValue,
  }));
  const { rows, next } = await pageOf(
    kms,
    call,
    { operation: "ListResourceTags", purpose: [key.id], defaultLimit: 50 },
    input,
    async (after, limit) => {
      // At most fifty, in the order in which they were given.
      const start = tags.findIndex((tag) => tag.TagKey === after) + 1;
      return tags.slice(start, start + limit);
    },
    (tag) => tag.TagKey,
  );
  return { Tags: [...rows], ...next };
}

async function changeTags(kms: KmsContext, keyId: string, change: (present: Tags) => Tags): Promise<void> {
  await kms.metadata.write(async (tx) => {
    const row = await tx
      .selectFrom("kms_keys")
      .select("resource_tags")
      .where("id", "=", keyId)
      .executeTakeFirst();
    if (row === undefined) return;
    const tags = change(JSON.parse(row.resource_tags) as Tags);
    await tx
      .updateTable("kms_keys")
      .set({ resource_tags: JSON.stringify(tags) })
      .where("id", "=", keyId)
      .execute();
  });
}

function requestTags(tags: Tags): ConditionKeys {
  return {
    "aws:TagKeys": Object.keys(tags),
    ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:RequestTag/${name}`, value])),
  };
}
