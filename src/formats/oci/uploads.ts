/**
 * Blobs in: OCI distribution-spec 1.1 "Pushing blobs", "Cancel a blob upload" and "Mounting a blob from another
 * repository": monolithic (POST, or POST and PUT), chunked (PATCH with Content-Range), streamed (PATCH
 * without, as docker does), resumed (GET), with or without a last chunk in the PUT.
 * Deliberately not as ECR: PATCH answers 202, and every chunk counts. Locations are paths, so that clients
 * behind TLS or a proxy stay on the address they came by; they hold the session's id and nothing secret.
 */
import type { OutgoingHttpHeaders } from "node:http";
import {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  isDigestAlgorithm,
} from "../../storage/blobs/digest.ts";
import { BlobTooLarge, OffsetMismatch } from "../../storage/blobs/errors.ts";
import { contentLength, hasBody, withBody } from "../request-body.ts";
import { InvalidRequest, RegistryError } from "./errors.ts";
import { type Exchange, sendEmpty } from "./exchange.ts";
import { parseContentRange } from "./ranges.ts";
import { digestParameter, uploadIdParameter } from "./references.ts";
import { isRepositoryName } from "./route.ts";

/** POST: a mount, a whole blob, or the start of a session. */
export async function startUpload(exchange: Exchange): Promise<void> {
  const { call, query, registry, route } = exchange;
  const mount = query.get("mount");
  if (mount !== null) {
    const digest = digestParameter(mount);
    const from = query.get("from") ?? undefined;
    if (from !== undefined && !isRepositoryName(from)) {
      throw new InvalidRequest("NAME_INVALID", "invalid repository name in from", {
        name: from.slice(0, 256),
      });
    }
    if (await registry.mountLayer(call, route.name, digest, from)) sendStored(exchange, digest);
    else await startSession(exchange, digestAlgorithm(digest));
    return;
  }
  if (query.has("digest")) {
    const digest = digestParameter(query.get("digest"));
    await withBody(exchange.request, (body) => registry.putLayer(call, route.name, digest, body));
    sendStored(exchange, digest);
    return;
  }
  const algorithm = query.get("digest-algorithm") ?? undefined;
  if (algorithm !== undefined && !isDigestAlgorithm(algorithm)) {
    throw new InvalidRequest("DIGEST_INVALID", "unsupported digest algorithm", {
      algorithm: algorithm.slice(0, 100),
    });
  }
  await startSession(exchange, algorithm);
}

/** GET and HEAD of a session. */
export async function uploadStatus(exchange: Exchange): Promise<void> {
  const uploadId = uploadIdParameter(exchange.route.last);
  const size = await exchange.registry.layerUploadSize(exchange.call, exchange.route.name, uploadId);
  sendEmpty(exchange, 204, sessionHeaders(exchange, uploadId, size));
}

/** PATCH: one chunk, or all of a stream. */
export async function appendToUpload(exchange: Exchange): Promise<void> {
  const uploadId = uploadIdParameter(exchange.route.last);
  const size = await append(exchange, uploadId);
  sendEmpty(exchange, 202, sessionHeaders(exchange, uploadId, size));
}

/** PUT: the last chunk if there is a body, then the digest. */
export async function finishUpload(exchange: Exchange): Promise<void> {
  const { call, query, registry, route } = exchange;
  const uploadId = uploadIdParameter(route.last);
  const digest = digestParameter(query.get("digest"));
  if (hasBody(exchange.request)) await append(exchange, uploadId);
  await registry.finishLayerUpload(call, route.name, uploadId, digest);
  sendStored(exchange, digest);
}

export async function cancelUpload(exchange: Exchange): Promise<void> {
  const uploadId = uploadIdParameter(exchange.route.last);
  await exchange.registry.cancelLayerUpload(exchange.call, exchange.route.name, uploadId);
  sendEmpty(exchange, 204);
}

async function startSession(exchange: Exchange, algorithm: DigestAlgorithm | undefined): Promise<void> {
  const options = algorithm === undefined ? {} : { algorithm };
  const { uploadId } = await exchange.registry.startLayerUpload(exchange.call, exchange.route.name, options);
  sendEmpty(exchange, 202, sessionHeaders(exchange, uploadId, 0));
}

/** Resolves to the upload's new size. */
async function append(exchange: Exchange, uploadId: string): Promise<number> {
  const { call, registry, request, route } = exchange;
  const header = request.headers["content-range"];
  const range = header === undefined ? undefined : parseContentRange(header);
  const length = contentLength(request);
  if (range !== undefined && length !== undefined && length !== range.end - range.start + 1) {
    throw new InvalidRequest("SIZE_INVALID", "Content-Range and Content-Length disagree");
  }
  let size: number;
  try {
    size = await withBody(request, (body) =>
      registry.appendToLayerUpload(call, route.name, uploadId, body, range),
    );
  } catch (error) {
    if (range !== undefined && error instanceof BlobTooLarge) {
      throw new InvalidRequest("SIZE_INVALID", "the chunk goes on beyond what its Content-Range says");
    }
    if (!(error instanceof OffsetMismatch)) throw error;
    throw new RegistryError(416, "BLOB_UPLOAD_INVALID", error.message, {
      headers: sessionHeaders(exchange, uploadId, error.received),
    });
  }
  if (range !== undefined && size !== range.end + 1) {
    throw new InvalidRequest(
      "SIZE_INVALID",
      `the chunk ended before what its Content-Range says: at ${size} bytes`,
    );
  }
  return size;
}

function sessionHeaders({ route }: Exchange, uploadId: string, size: number): Record<string, string> {
  return {
    location: `/v2/${route.name}/blobs/uploads/${uploadId}`,
    // Inclusive, so that nothing and one byte look the same: the form every registry answers.
    range: `0-${Math.max(0, size - 1)}`,
    "docker-upload-uuid": uploadId,
  };
}

function sendStored(exchange: Exchange, digest: Digest): void {
  const headers: OutgoingHttpHeaders = {
    location: `/v2/${exchange.route.name}/blobs/${digest}`,
    "docker-content-digest": digest,
  };
  sendEmpty(exchange, 201, headers);
}
