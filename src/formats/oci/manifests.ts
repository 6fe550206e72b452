/**
 * Manifests: OCI distribution-spec 1.1 "Pulling manifests", "Pushing Manifests", "Deleting tags" and "Deleting
 * Manifests". By digest a manifest is always answered as it was pushed. By tag too, unless `Accept` names neither its
 * media type nor a wildcard: then an image comes as Docker schema 2 or OCI, whichever of both the client knows
 * (ECR's manifest conversion), and everything else as it is, for the client to refuse (RFC 9110 section 12.4.1).
 */
import type { OutgoingHttpHeaders } from "node:http";
import { bodyReader } from "./body.ts";
import { type Exchange, matchesEtag, send, sendEmpty } from "./exchange.ts";
import { manifestReference, tagParameter } from "./references.ts";

/** ECR's limit, in bytes; the specification wants at least 4 MB. */
const LARGEST_MANIFEST = 4 * 1024 * 1024;

/** Sixty-four of the largest at a moment, or thousands of usual ones. */
const readBody = bodyReader(64 * LARGEST_MANIFEST);

/** GET and HEAD. A HEAD is no pull. */
export async function getManifest(exchange: Exchange): Promise<void> {
  const { request, route } = exchange;
  const manifest = await exchange.registry.getManifest(
    exchange.call,
    route.name,
    manifestReference(route.last),
    request.method === "GET",
    acceptedTypes(request.headers.accept),
  );
  const etag = `"${manifest.digest}"`;
  if (matchesEtag(request.headers["if-none-match"], etag)) {
    sendEmpty(exchange, 304, { etag, "docker-content-digest": manifest.digest });
    return;
  }
  send(
    exchange,
    200,
    {
      "content-type": manifest.mediaType,
      "content-length": manifest.bytes.byteLength,
      "docker-content-digest": manifest.digest,
      etag,
    },
    manifest.bytes,
  );
}

export async function putManifest(exchange: Exchange): Promise<void> {
  const { request, route, query } = exchange;
  const reference = manifestReference(route.last);
  const tags = query.getAll("tag").map(tagParameter);
  const bytes = await readBody(request, LARGEST_MANIFEST);
  const stored = await exchange.registry.putManifest(exchange.call, route.name, {
    reference,
    tags,
    mediaType: mediaTypeOf(request.headers["content-type"]),
    bytes,
  });
  const headers: OutgoingHttpHeaders = {
    location: `/v2/${route.name}/manifests/${stored.digest}`,
    "docker-content-digest": stored.digest,
  };
  if (stored.subject !== undefined) headers["oci-subject"] = stored.subject;
  if (tags.length > 0) headers["oci-tag"] = stored.tags.join(", ");
  sendEmpty(exchange, 201, headers);
}

export async function deleteManifest(exchange: Exchange): Promise<void> {
  const { route } = exchange;
  await exchange.registry.deleteManifest(exchange.call, route.name, manifestReference(route.last));
  sendEmpty(exchange, 202);
}

/** Undefined when everything is accepted. */
function acceptedTypes(header: string | undefined): readonly string[] | undefined {
  if (header === undefined || header.includes("*")) return undefined;
  return header.split(",").map((range) => range.split(";", 1)[0]?.trim() ?? "");
}

/** Without parameters, which the specification tells registries to ignore. */
function mediaTypeOf(header: string | undefined): string | undefined {
  const type = header?.split(";", 1)[0]?.trim();
  return type === "" ? undefined : type;
}
