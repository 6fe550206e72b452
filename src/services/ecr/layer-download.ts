/**
 * GetDownloadUrlForLayer and the door its addresses lead to. AWS hands out a presigned S3 URL; here it is one of this
 * server, good for an hour, for this layer only, without further authentication. Ranges as RFC 9110 section 14, one
 * range at a time; several in one request are answered with the whole.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GetDownloadUrlForLayerCommandInput } from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import type { Arrival } from "../../server/door.ts";
import { parseDigest } from "../../storage/blobs/digest.ts";
import { sendBytes } from "../../storage/blobs/send-bytes.ts";
import { KmsError } from "../kms/index.ts";
import { parseByteRange } from "./byte-range.ts";
import type { EcrContext } from "./context.ts";
import { layerInaccessible, layerNotFound } from "./errors.ts";
import { isUsed } from "./layers.ts";
import { inRegistry, openRepository } from "./repository-access.ts";

/** Requests whose path begins with this belong to `downloadLayer`. */
const LAYER_DOWNLOAD_PATH = "/-/ecr/layers/";

const LIFETIME_SECONDS = 3_600;

export async function getDownloadUrlForLayer(
  ecr: EcrContext,
  caller: Call,
  input: GetDownloadUrlForLayerCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:GetDownloadUrlForLayer");
  const digest = parseDigest(input.layerDigest ?? "");
  const layer = digest && (await findLayer(ecr, repository.id, digest));
  if (digest === undefined || layer === undefined) throw layerNotFound(repository, input.layerDigest ?? "");
  if (!(await isUsed(ecr.metadata.reader, repository.id, digest)))
    throw layerInaccessible(repository, digest);
  const expires = Math.floor(call.now.getTime() / 1000) + LIFETIME_SECONDS;
  const signature = await sign(ecr, repository.id, digest, expires);
  const query = new URLSearchParams({ expires: String(expires), signature });
  return {
    layerDigest: digest,
    downloadUrl: `${call.baseUrl}${LAYER_DOWNLOAD_PATH}${repository.id}/${digest}?${query}`,
  };
}

/** The door: `GET` or `HEAD /-/ecr/layers/<repository id>/<digest>?expires=...&signature=...` */
export async function downloadLayer(
  ecr: EcrContext,
  request: IncomingMessage,
  response: ServerResponse,
  arrival: Arrival,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(response, 405, "Only GET and HEAD are allowed", { allow: "GET, HEAD" });
  }
  const layer = await signedLayer(ecr, request.url ?? "", arrival.receivedAt);
  if (layer === "denied") return refuse(response, 403, "The address is not valid or has expired");
  if (layer === "missing") return refuse(response, 404, "The layer does not exist any more");
  const range = parseByteRange(request.headers.range, layer.size);
  if (range === "unsatisfiable") {
    return refuse(response, 416, "Range not satisfiable", { "content-range": `bytes */${layer.size}` });
  }
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": range ? range.end - range.start + 1 : layer.size,
    "accept-ranges": "bytes",
    etag: `"${layer.digest}"`,
    ...(range && { "content-range": `bytes ${range.start}-${range.end}/${layer.size}` }),
  };
  if (request.method === "HEAD") {
    response.writeHead(range ? 206 : 200, headers).end();
    return;
  }
  // Opened before the first header, so that a blob that cannot be read is answered as an error.
  const bytes = await ecr.blobs.open(layer.blobId, range).catch((error: unknown) => {
    if (!(error instanceof KmsError)) throw error;
    refuse(response, 403, `KmsException: ${error.message}`);
  });
  if (bytes === undefined) return;
  response.writeHead(range ? 206 : 200, headers);
  await sendBytes(bytes, response);
}

async function signedLayer(ecr: EcrContext, target: string, now: Date) {
  const url = new URL(target, "http://layers.invalid");
  const [repositoryId = "", digest = ""] = url.pathname.slice(LAYER_DOWNLOAD_PATH.length).split("/");
  const expires = Number(url.searchParams.get("expires"));
  const signature = Buffer.from(url.searchParams.get("signature") ?? "");
  const expected = Buffer.from(await sign(ecr, repositoryId, digest, expires));
  const genuine = signature.length === expected.length && timingSafeEqual(signature, expected);
  if (!genuine || expires * 1000 <= now.getTime()) return "denied";
  const layer = await findLayer(ecr, repositoryId, digest);
  return layer === undefined ? "missing" : { digest, ...layer };
}

async function sign(ecr: EcrContext, repositoryId: string, digest: string, expires: number): Promise<string> {
  const key = await ecr.secrets.key("ecr-layer-download");
  return createHmac("sha256", key).update(`${repositoryId}\n${digest}\n${expires}`).digest("base64url");
}

/** Of a repository that still exists: a deleted one's rows are on their way out. */
async function findLayer(ecr: EcrContext, repositoryId: string, digest: string) {
  return ecr.metadata.reader
    .selectFrom("ecr_layers as layer")
    .innerJoin("ecr_repositories as repository", "repository.id", "layer.repository_id")
    .select(["layer.blob_id as blobId", "layer.size as size"])
    .where("layer.repository_id", "=", repositoryId)
    .where("layer.digest", "=", digest)
    .executeTakeFirst();
}

function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(`${text}\n`);
}
