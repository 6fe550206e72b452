import { describe, expect, test } from "bun:test";
import { createRouter, isBadRoute } from "./routing.ts";

const route = createRouter(["Artifacts.Example.com", "eu.artifacts.example.com"]);

describe("a request finds its door by host and path", () => {
  const cases: readonly [host: string | undefined, target: string, door: string, names?: object][] = [
    // (a) loopback and bare names: the path decides
    ["localhost:7560", "/v2/", "registry"],
    ["localhost:7560", "/v2", "registry"],
    ["localhost:7560", "/v2?x=1", "registry"],
    ["127.0.0.1:7560", "/v2/app/manifests/v1", "registry"],
    ["[::1]:7560", "/v2/", "registry"],
    ["[::ffff:127.0.0.1]", "/", "aws"],
    ["build-box_1", "/", "aws"],
    [undefined, "/v2/", "registry"],
    [undefined, "/", "aws"],
    ["localhost", "/v20/", "aws"],
    ["localhost", "/v2x", "aws"],
    ["localhost", "/my-bucket/v2/", "aws"],
    ["localhost", "/-/healthz", "healthz"],
    ["localhost", "/-/readyz?verbose", "readyz"],
    ["localhost", "/-/metrics", "metrics"],
    ["localhost", "/-/metrics/", "unknown-own-path"],
    ["localhost", "/-/", "unknown-own-path"],
    ["localhost", "/-/ecr/layers/1/sha256:0?expires=1", "layer-download"],
    ["localhost", "/-/ecr/", "unknown-own-path"],
    ["localhost", "/-/codeartifact/us-east-1/acme-123456789012/npm/app/react", "packages"],
    ["localhost", "/-/codeartifact", "unknown-own-path"],
    ["localhost", "/-/../v2/", "unknown-own-path"],
    ["localhost", "//v2/", "aws"],
    ["localhost", "/%76%32/", "aws"],
    ["localhost", "/%2d/metrics", "aws"],
    // (b) own domains
    [
      "123456789012.dkr.ecr.us-east-1.artifacts.example.com",
      "/v2/",
      "registry",
      { account: "123456789012", region: "us-east-1" },
    ],
    [
      "123456789012.DKR.ecr.US-EAST-1.artifacts.EXAMPLE.com.:443",
      "/v2/",
      "registry",
      { account: "123456789012", region: "us-east-1" },
    ],
    [
      "123456789012.dkr.ecr.us-gov-west-1.localhost:7560",
      "/v2/a/tags/list",
      "registry",
      { account: "123456789012", region: "us-gov-west-1" },
    ],
    [
      "acme-123456789012.d.codeartifact.us-east-1.artifacts.example.com",
      "/npm/app/react",
      "packages",
      { packageDomain: "acme", account: "123456789012", region: "us-east-1" },
    ],
    [
      "my-2nd-210987654321-123456789012.d.codeartifact.eu-west-1.amazonaws.com:443",
      "/pypi/app/simple/",
      "packages",
      { packageDomain: "my-2nd-210987654321", account: "123456789012", region: "eu-west-1" },
    ],
    [
      "codeartifact.eu-west-1.amazonaws.com",
      "/v1/domain",
      "aws",
      { service: "codeartifact", region: "eu-west-1" },
    ],
    ["sts.us-east-1.artifacts.example.com", "/", "aws", { service: "sts", region: "us-east-1" }],
    ["api.ecr.eu-west-1.artifacts.example.com", "/", "aws", { service: "api.ecr", region: "eu-west-1" }],
    [
      "my-bucket.s3.us-east-1.artifacts.example.com",
      "/v2/",
      "aws",
      { bucket: "my-bucket", service: "s3", region: "us-east-1" },
    ],
    [
      "my-bucket.s3.us-east-1.artifacts.example.com",
      "/-/metrics",
      "aws",
      { bucket: "my-bucket", service: "s3", region: "us-east-1" },
    ],
    [
      "a.dotted.bucket.s3.us-east-1.localhost",
      "/k",
      "aws",
      { bucket: "a.dotted.bucket", service: "s3", region: "us-east-1" },
    ],
    ["s3.eu-west-1.eu.artifacts.example.com", "/b/k", "aws", { service: "s3", region: "eu-west-1" }],
    // (c) AWS's own names
    [
      "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com",
      "/v2/",
      "registry",
      { account: "123456789012", region: "ap-northeast-1" },
    ],
    ["iam.amazonaws.com", "/", "aws", { service: "iam" }],
    ["my-bucket.s3.amazonaws.com", "/k", "aws", { bucket: "my-bucket", service: "s3" }],
    // names that only look like ours say nothing
    ["123456789012.dkr.ecr.us-east-1.elsewhere.example", "/v2/", "registry", {}],
    ["123456789012.dkr.ecr.us-east-1.notamazonaws.com", "/v2/", "registry", {}],
    ["12345678901.dkr.ecr.us-east-1.amazonaws.com", "/v2/", "registry", {}],
    ["123456789012.dkr.ecr.nowhere.amazonaws.com", "/v2/", "registry", {}],
    ["x.123456789012.dkr.ecr.us-east-1.amazonaws.com", "/v2/", "registry", {}],
    ["amazonaws.com", "/v2/", "registry", {}],
    ["artifacts.example.com", "/", "aws", {}],
  ];
  test.each(cases)("%s %s", (host, target, door, names = {}) => {
    expect(route(host, target)).toEqual({ door, host: names } as never);
  });
});

describe("a host or target that is none is refused before any door", () => {
  const hosts = [
    "",
    " ",
    ".",
    "..",
    ".localhost",
    "a..s3.us-east-1.localhost",
    "my-bucket.s3.us-east-1.localhost..",
    "local host",
    "localhost:",
    "localhost:80:80",
    "localhost:port",
    "localhost:123456",
    "user@localhost",
    "localhost/v2/",
    "localhost\\v2",
    "localhost#x",
    "localhost?x",
    "local%68ost",
    "a,b",
    "::1",
    "[::1",
    "[::1]x",
    "[zz]",
    "例え.localhost",
    "localhost\u0000",
  ];
  test.each(hosts)("Host: %j", (host) => {
    expect(isBadRoute(route(host, "/"))).toBe(true);
  });

  test.each(["", "*", "v2/", "?x", "http://localhost/"])("target %j", (target) => {
    expect(isBadRoute(route("localhost", target))).toBe(true);
  });
});
