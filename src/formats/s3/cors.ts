/**
 * Cross-origin requests (Amazon S3 User Guide, "Using cross-origin resource sharing"; Fetch standard, "CORS protocol"):
 * which of a bucket's rules holds, and what browsers are told by it. Pure.
 */
import type { CORSRule } from "@aws-sdk/client-s3";
import { AwsError } from "../../aws/errors.ts";

export interface Preflight {
  readonly origin: string;
  readonly method: string;
  /** In lower case. */
  readonly headers: readonly string[];
}

const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "HEAD", "POST", "DELETE"]);

/** Throws AwsError: BadRequest. */
export function readPreflight(header: (name: string) => string | undefined): Preflight {
  const origin = header("origin");
  if (origin === undefined || origin === "")
    throw new AwsError("BadRequest", "Insufficient information. Origin request header needed.");
  const method = header("access-control-request-method");
  if (method === undefined || !METHODS.has(method))
    throw new AwsError(
      "BadRequest",
      `Invalid Access-Control-Request-Method: ${method?.slice(0, 64) ?? "null"}`,
    );
  const headers = (header("access-control-request-headers") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  return { origin, method, headers };
}

/** Browsers learn of a bucket that is not there in the words of CORS. Throws AwsError: AccessForbidden, or `error`. */
export function noBucketForScripts(error: unknown): never {
  if (!(error instanceof AwsError) || error.name !== "NoSuchBucket") throw error;
  throw new AwsError("AccessForbidden", "CORSResponse: Bucket not found", {
    status: 403,
    members: { Method: "OPTIONS", ResourceType: "BUCKET" },
  });
}

/** Headers of the answer to a preflight. Throws AwsError: AccessForbidden. */
export function preflightHeaders(
  rules: readonly CORSRule[] | undefined,
  asked: Preflight,
  resourceType: "BUCKET" | "OBJECT",
): Record<string, string> {
  const members = { Method: asked.method, ResourceType: resourceType };
  if (rules === undefined)
    throw new AwsError("AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.", {
      status: 403,
      members,
    });
  const rule = rules.find(
    (candidate) =>
      allows(candidate, asked.origin, asked.method) &&
      asked.headers.every((name) =>
        candidate.AllowedHeaders?.some((pattern) => matches(pattern.toLowerCase(), name)),
      ),
  );
  if (!rule)
    throw new AwsError(
      "AccessForbidden",
      "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      { status: 403, members },
    );
  const headers = headersOf(rule, asked.origin);
  if (asked.headers.length > 0) headers["access-control-allow-headers"] = asked.headers.join(", ");
  return headers;
}

/** What is added to the answer of any other request that says where it comes from; nothing where no rule holds. */
export function corsHeaders(
  rules: readonly CORSRule[] | undefined,
  origin: string,
  method: string,
): Record<string, string> {
  const rule = rules?.find((candidate) => allows(candidate, origin, method));
  return rule ? headersOf(rule, origin) : {};
}

function allows(rule: CORSRule, origin: string, method: string): boolean {
  return (
    (rule.AllowedMethods?.includes(method) ?? false) &&
    (rule.AllowedOrigins?.some((pattern) => matches(pattern, origin)) ?? false)
  );
}

function headersOf(rule: CORSRule, origin: string): Record<string, string> {
  const everybody = rule.AllowedOrigins?.find((pattern) => matches(pattern, origin)) === "*";
  const headers: Record<string, string> = {
    "access-control-allow-origin": everybody ? "*" : origin,
    "access-control-allow-methods": (rule.AllowedMethods ?? []).join(", "),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
  if (!everybody) headers["access-control-allow-credentials"] = "true";
  if (rule.ExposeHeaders?.length) headers["access-control-expose-headers"] = rule.ExposeHeaders.join(", ");
  if (rule.MaxAgeSeconds !== undefined) headers["access-control-max-age"] = String(rule.MaxAgeSeconds);
  return headers;
}

/** A pattern has one `*` at most. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  return (
    text.length >= pattern.length - 1 &&
    text.startsWith(pattern.slice(0, star)) &&
    text.endsWith(pattern.slice(star + 1))
  );
}
