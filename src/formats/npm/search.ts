/** `npm search`: what is kept in this repository and its upstream repositories, never all that a connection has. */
import type { OpenRepository, PackageView } from "../../services/codeartifact/engine.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import { type PackageExchange, sendJson } from "../packages/exchange.ts";
import { isObject, type JsonObject, textOf } from "./json.ts";
import { fullName } from "./names.ts";
import { newestVersion } from "./packument.ts";

const MOST_RESULTS = 250;
const DEFAULT_RESULTS = 20;
/** So far a search can be paged through. */
const MOST_NAMES = 2_000;
const AT_ONCE = 8;

export async function search(exchange: PackageExchange): Promise<void> {
  const { packages, call, address, query } = exchange;
  const size = Math.min(number(query.get("size"), DEFAULT_RESULTS), MOST_RESULTS);
  const from = Math.min(number(query.get("from"), 0), MOST_NAMES);
  const words = (query.get("text") ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const repository = await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  const names = await matchingNames(exchange, repository, words);
  const page = names.slice(from, from + size);
  const objects: unknown[] = [];
  for (let at = 0; at < page.length; at += AT_ONCE) {
    const entries = page.slice(at, at + AT_ONCE).map((name) => searchEntry(exchange, repository, name));
    objects.push(...(await Promise.all(entries)).filter((entry) => entry !== undefined));
  }
  sendJson(exchange, 200, { objects, total: names.length, time: call.now.toUTCString() });
}

/** Names that hold every word; the longest word is what the database looks for. */
async function matchingNames(
  { packages }: PackageExchange,
  repository: OpenRepository,
  words: readonly string[],
): Promise<readonly PackageName[]> {
  // `keywords:`, `author:` and the like are no words of a name.
  const plain = words.filter((word) => !/^[a-z]+:/.test(word)).map((word) => word.replace(/^@/, ""));
  const longest = plain.flatMap((word) => word.split("/")).toSorted((a, b) => b.length - a.length)[0];
  const found = await packages.listPackages(repository, "npm", {
    limit: MOST_NAMES,
    ...(longest !== undefined && { contains: longest }),
  });
  return found.filter((name) => {
    const text = fullName(name).toLowerCase();
    return plain.every((word) => text.includes(word));
  });
}

async function searchEntry(
  { packages }: PackageExchange,
  repository: OpenRepository,
  name: PackageName,
): Promise<unknown> {
  const document = await packages.rendered(repository, "npm", name, "search", (view) => {
    const entry = entryOf(view);
    return entry && { contentType: "application/json", body: JSON.stringify(entry) };
  });
  return document && JSON.parse(Buffer.from(document.identity()).toString("utf8"));
}

function entryOf(view: PackageView): JsonObject | undefined {
  const newest = newestVersion(view);
  if (newest === undefined) return undefined;
  const { metadata } = newest.description;
  const author = metadata["author"];
  const publisher = { username: newest.origin === "INTERNAL" ? "this repository" : "upstream" };
  return {
    package: {
      name: fullName(view.name),
      scope: view.name.namespace === "" ? "unscoped" : view.name.namespace,
      version: newest.version,
      description: textOf(metadata["description"]) ?? "",
      keywords: Array.isArray(metadata["keywords"]) ? metadata["keywords"] : [],
      date: new Date(newest.publishedAt).toISOString(),
      links: { homepage: textOf(metadata["homepage"]) },
      ...(isObject(author) && { author }),
      publisher,
      maintainers: Array.isArray(metadata["maintainers"]) ? metadata["maintainers"] : [publisher],
    },
    score: { final: 1, detail: { quality: 1, popularity: 1, maintenance: 1 } },
    searchScore: 1,
  };
}

function number(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
