import { expect, test } from "bun:test";
import { AwsError } from "../../aws/errors.ts";
import type { AccountId, Region } from "../../aws/names.ts";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { UpstreamUnavailable } from "../../services/codeartifact/upstreams/upstreams.ts";
import { parsePackageAddress } from "./address.ts";
import { packageErrorFrom } from "./errors.ts";
import { acceptsGzip, matchesEtag } from "./send-rendered.ts";

const BASE = "http://localhost:7560";

test("a repository is named by path", () => {
  const prefix = "/-/codeartifact/eu-west-1/my-org-2-123456789012/npm/my.repo";
  expect(parsePackageAddress(`${prefix}/@a%2fb/-/x`, { host: {}, baseUrl: BASE })).toEqual({
    domain: "my-org-2",
    owner: "123456789012" as AccountId,
    region: "eu-west-1" as Region,
    format: "npm",
    repository: "my.repo",
    path: "@a%2fb/-/x",
    baseUrl: `${BASE}${prefix}/`,
  });
  // twine posts to the bare endpoint.
  expect(parsePackageAddress(prefix, { host: {}, baseUrl: BASE })?.path).toBe("");
});

test("a repository is named by host and path", () => {
  const host = {
    packageDomain: "my-org",
    account: "123456789012" as AccountId,
    region: "eu-west-1" as Region,
  };
  expect(parsePackageAddress("/pypi/repo/simple/", { host, baseUrl: BASE })).toMatchObject({
    domain: "my-org",
    format: "pypi",
    repository: "repo",
    path: "simple/",
    baseUrl: `${BASE}/pypi/repo/`,
  });
});

test("whatever else is no repository", () => {
  for (const path of [
    "/-/codeartifact/",
    "/-/codeartifact/nowhere/my-org-123456789012/npm/repo/",
    "/-/codeartifact/eu-west-1/my-org/npm/repo/",
    "/-/codeartifact/eu-west-1/my-org-123456789012/npm/",
    "/-/codeartifact/eu-west-1/my-org-123456789012/npm/r/",
    "/-/codeartifact/eu-west-1/my-org-123456789012/npm/re%2fpo/",
    "/npm/repo/",
  ])
    expect(parsePackageAddress(path, { host: {}, baseUrl: BASE })).toBeUndefined();
});

test("errors of the engine get their status", () => {
  const statuses = [
    [new AwsError("AccessDeniedException", "no", { status: 400 }), 403],
    [new AwsError("ResourceNotFoundException", "no", { status: 404 }), 404],
    [new AwsError("ConflictException", "no", { status: 409 }), 409],
    [new AwsError("ServiceQuotaExceededException", "no", { status: 402 }), 413],
    [new PackageInvalid("no"), 400],
    [new UpstreamUnavailable("no", { status: 504 }), 504],
    [Object.assign(new Error("no"), { name: "StorageFull" }), 507],
    [Object.assign(new Error("no"), { name: "MetadataUnavailable" }), 503],
    [new TypeError("a bug"), undefined],
  ] as const;
  for (const [error, status] of statuses) expect(packageErrorFrom(error)?.status).toBe(status);
});

test("compressed documents are for those who take them, and are the same document", () => {
  for (const header of ["gzip", "gzip, deflate, br", "br;q=1, gzip;q=0.5", "*", "x-gzip"])
    expect(acceptsGzip(header)).toBe(true);
  for (const header of [undefined, "", "br", "gzip;q=0", "identity, gzip; q=0.000", "*;q=0"])
    expect(acceptsGzip(header)).toBe(false);
  for (const header of ['"a"', 'W/"a"', '"x", "a-gzip"', "*"]) expect(matchesEtag(header, '"a"')).toBe(true);
  for (const header of [undefined, '"b"', "a"]) expect(matchesEtag(header, '"a"')).toBe(false);
});
