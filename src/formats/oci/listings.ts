/**
 * Lists: OCI distribution-spec 1.1 "Listing Tags" and "Listing Referrers", and the catalog of the Docker
 * Registry HTTP API V2. Each page is one range scan; a `Link` (RFC 8288) with a relative target leads to the next.
 */
import type { OutgoingHttpHeaders } from "node:http";
import type { Page, ReferrerDescriptor } from "../../services/ecr/engine.ts";
import { type Exchange, sendJson } from "./exchange.ts";
import { pageSize } from "./query.ts";
import { digestParameter } from "./references.ts";

const DEFAULT_NAMES = 1_000;
const MOST_NAMES = 10_000;

/** Referrers are read in small steps and a page ends at this many bytes: annotations may be as large as manifests. */
const REFERRERS_AT_ONCE = 50;
const MOST_REFERRERS = 1_000;
const REFERRERS_PAGE_BYTES = 4 * 1024 * 1024;

const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

export async function listTags(exchange: Exchange): Promise<void> {
  const { call, registry, route } = exchange;
  await listNames(
    exchange,
    `/v2/${route.name}/tags/list`,
    (page) => registry.listTags(call, route.name, page),
    (tags) => ({
      name: route.name,
      tags,
    }),
  );
}

export async function listCatalog(exchange: Exchange): Promise<void> {
  const { call, registry } = exchange;
  await listNames(
    exchange,
    "/v2/_catalog",
    (page) => registry.listRepositoryNames(call, page),
    (repositories) => ({
      repositories,
    }),
  );
}

async function listNames(
  exchange: Exchange,
  path: string,
  list: (page: { after?: string; limit: number }) => Promise<Page<string>>,
  document: (names: readonly string[]) => object,
): Promise<void> {
  const wanted = pageSize(exchange.query) ?? DEFAULT_NAMES;
  const limit = Math.min(wanted, MOST_NAMES);
  const after = exchange.query.get("last");
  // n=0 still has to find the repository and be allowed to list it.
  const page = await list({ limit: Math.max(limit, 1), ...(after ? { after } : {}) });
  if (limit === 0) {
    sendJson(exchange, JSON.stringify(document([])));
    return;
  }
  const headers: OutgoingHttpHeaders = {};
  const last = page.items.at(-1);
  if (page.more && last !== undefined) headers["link"] = nextLink(path, { n: String(limit), last });
  sendJson(exchange, JSON.stringify(document(page.items)), headers);
}

export async function listReferrers(exchange: Exchange): Promise<void> {
  const { query, route } = exchange;
  const subject = digestParameter(route.last);
  const artifactType = query.get("artifactType");
  const filter = artifactType === null ? {} : { artifactType };
  const limit = Math.min(Math.max(pageSize(query) ?? MOST_REFERRERS, 1), MOST_REFERRERS);
  const manifests: string[] = [];
  let bytes = 0;
  let after = query.get("last") ?? undefined;
  let more = true;
  while (more && manifests.length < limit && bytes < REFERRERS_PAGE_BYTES) {
    const page = await exchange.registry.listReferrers(exchange.call, route.name, subject, {
      ...filter,
      ...(after === undefined ? {} : { after }),
      limit: Math.min(REFERRERS_AT_ONCE, limit - manifests.length),
    });
    more = page.more;
    for (const referrer of page.items) {
      const text = JSON.stringify(descriptor(referrer));
      if (manifests.length > 0 && bytes + text.length > REFERRERS_PAGE_BYTES) {
        more = true;
        bytes = REFERRERS_PAGE_BYTES;
        break;
      }
      manifests.push(text);
      bytes += text.length;
      after = referrer.digest;
    }
  }
  const headers: OutgoingHttpHeaders = {};
  if (artifactType !== null) headers["oci-filters-applied"] = "artifactType";
  if (more && after !== undefined) {
    headers["link"] = nextLink(`/v2/${route.name}/referrers/${subject}`, {
      ...filter,
      n: String(limit),
      last: after,
    });
  }
  const index = `{"schemaVersion":2,"mediaType":"${INDEX_TYPE}","manifests":[${manifests.join(",")}]}`;
  sendJson(exchange, index, headers, INDEX_TYPE);
}

function descriptor(referrer: ReferrerDescriptor): object {
  const { mediaType, digest, size, artifactType, annotations } = referrer;
  return { mediaType, digest, size, artifactType, annotations };
}

function nextLink(path: string, parameters: Readonly<Record<string, string>>): string {
  return `<${path}?${new URLSearchParams(parameters)}>; rel="next"`;
}
