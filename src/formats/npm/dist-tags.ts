/** `npm dist-tag`: names that point to versions. A tag of an upstream goes before the repository's own. */
import type { PackageName } from "../../services/codeartifact/format.ts";
import { readJson } from "../packages/body.ts";
import { badRequest, notFound } from "../packages/errors.ts";
import { type PackageExchange, sendJson } from "../packages/exchange.ts";
import { fullName } from "./names.ts";
import { shownTags } from "./packument.ts";
import { checkTag } from "./publication.ts";

const LARGEST_BODY = 64 * 1024;

export async function listTags(exchange: PackageExchange, name: PackageName): Promise<void> {
  const { packages, call, address } = exchange;
  const repository = await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  const view = await packages.view(repository, "npm", name);
  const tags = view && shownTags(view);
  if (tags === undefined) throw notFound(`${fullName(name)} is not in this registry.`);
  sendJson(exchange, 200, tags);
}

/** PUT has the version as a JSON text; DELETE removes the tag. */
export async function changeTag(
  exchange: PackageExchange,
  name: PackageName,
  tag: string | undefined,
): Promise<void> {
  if (tag === undefined) throw badRequest("A tag must be named.");
  checkTag(tag);
  const { packages, call, address, request } = exchange;
  const version = request.method === "DELETE" ? undefined : await readJson(exchange, LARGEST_BODY);
  if (version !== undefined && typeof version !== "string")
    throw badRequest("The body must be a version, as a JSON text.");
  if (version === undefined && tag === "latest") throw badRequest("The tag latest cannot be removed.");
  const repository = await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  await packages.setTag(call, repository, "npm", name, tag, version);
  sendJson(exchange, version === undefined ? 200 : 201, { ok: true, id: fullName(name), "dist-tags": {} });
}
