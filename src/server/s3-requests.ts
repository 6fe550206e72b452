import type { IncomingHttpHeaders } from "node:http";
import { modelKeys } from "../aws/models.ts";
import { isPresignedV2 } from "../aws/sigv2/presigned.ts";
import { splitTarget } from "../aws/sigv4/raw-query.ts";
import { signsAsS3 } from "../aws/sigv4/s3-signing.ts";
import type { HostNames } from "./door.ts";

/** Of a request, with node's own headers: of one that comes twice the first counts here. */
interface LookedAt {
  readonly method: string;
  readonly target: string;
  readonly headers: Pick<IncomingHttpHeaders, "authorization" | "content-type"> & {
    readonly "x-amz-target"?: string | string[] | undefined;
  };
}

/**
 * Whether a request to the endpoint of all AWS APIs is one to S3. A host that names a bucket or a service says so, then
 * the scope of a signature. Without either, S3 is what takes any method on any path from anybody, so it is what is left
 * when nothing of the other services' wires is there: unsigned, they have nothing to answer but an error.
 */
export function isForS3(request: LookedAt, host: HostNames): boolean {
  if (host.bucket !== undefined || host.service === "s3") return true;
  const { path, query } = splitTarget(request.target);
  const { authorization } = request.headers;
  const service =
    authorization === undefined
      ? scopeService(/[?&]X-Amz-Credential=([^&]*)/i.exec(`?${query}`)?.[1]?.replace(/%2f/gi, "/"))
      : scopeService(/Credential=([^,\s]*)/.exec(authorization)?.[1]);
  if (service !== undefined) return signsAsS3(service);
  // Nobody else ever had Signature Version 2 in a query.
  if (isPresignedV2(query)) return true;
  if (host.service !== undefined && isServiceName(host.service)) return false;
  return OTHER_WIRES.every((isOther) => !isOther(request, path, query));
}

/**
 * The bucket by the host's name. `<bucket>.<domain>` is none of the documented forms, but what SDKs make of an endpoint
 * `http://localhost:7560` unless they are told to use paths.
 */
export function bucketOfHost({ bucket, service, region }: HostNames): string | undefined {
  const other = service !== undefined && region === undefined && !isServiceName(service);
  return bucket ?? (other ? service : undefined);
}

const SERVICE_NAMES: ReadonlySet<string> = new Set([...modelKeys, "api.ecr", "events", "monitoring"]);

function isServiceName(name: string): boolean {
  return SERVICE_NAMES.has(name);
}

/** `AKIA.../20260101/us-east-1/s3/aws4_request` */
function scopeService(credential: string | undefined): string | undefined {
  return credential?.split("/")[3];
}

/** What only requests of other services look like. */
const OTHER_WIRES: readonly ((request: LookedAt, path: string, query: string) => boolean)[] = [
  ({ headers }) => headers["x-amz-target"] !== undefined,
  ({ headers }) => headers["content-type"]?.startsWith("application/x-amz-json") ?? false,
  // The query protocols have one path; a browser's form to S3 is sent to a bucket, as multipart/form-data.
  ({ method, headers }, path) =>
    method === "POST" &&
    path === "/" &&
    (headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false),
  (_request, path, query) => path === "/" && /(^|&)Action=/.test(query),
  // No bucket's name is that short.
  (_request, path) => path.startsWith("/v1/"),
];
