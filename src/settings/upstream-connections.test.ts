import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionSettings } from "../services/codeartifact/upstreams/connections.ts";
import { readConfig } from "./config.ts";
import { ConfigError } from "./errors.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shosoin-upstreams-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function connections(args: readonly string[], environment: Record<string, string> = {}) {
  const { upstreams } = readConfig("serve", args, environment, folder).config;
  return new Map<string, ConnectionSettings>(upstreams.connections.map((each) => [each.name, each]));
}

test("without anything the ten public connections are there, each at an address over https that its name tells", () => {
  const all = connections([]);
  expect([...all.values()].map(({ name, format }) => `${name} ${format}`)).toEqual([
    "public:npmjs npm",
    "public:nuget-org nuget",
    "public:pypi pypi",
    "public:maven-central maven",
    "public:maven-googleandroid maven",
    "public:maven-gradleplugins maven",
    "public:maven-commonsware maven",
    "public:maven-clojars maven",
    "public:ruby-gems-org ruby",
    "public:crates-io cargo",
  ]);
  for (const { baseUrl } of all.values()) expect(baseUrl).toMatch(/^https:\/\/[a-z0-9.]+\/([a-z0-9]+\/)?$/);
  const [, name = ""] = "public:npmjs".split(":");
  expect(all.get("public:npmjs")?.baseUrl).toContain(`.${name}.`);
});

test("a public connection is given another address, and an own one is added with its format", () => {
  const all = connections([
    "--upstream",
    "public:npmjs=https://mirror.example/npm",
    "--upstream=acme=pypi+http://10.0.0.1:8080/simple",
    "--upstream",
    "feed=nuget+https://nuget.example/v3/index.json",
  ]);
  expect(all.get("public:npmjs")).toEqual({
    name: "public:npmjs",
    format: "npm",
    baseUrl: "https://mirror.example/npm/",
  });
  expect(all.get("acme")).toMatchObject({ format: "pypi", baseUrl: "http://10.0.0.1:8080/simple/" });
  expect(all.get("feed")?.baseUrl).toBe("https://nuget.example/v3/");
  expect(all.size).toBe(12);
});

test("credentials and proxies come from the environment or the file, and no flag takes them", () => {
  const file = join(folder, "given.yaml");
  writeFileSync(
    file,
    [
      "upstream: ['acme=npm+https://npm.example/', 'other=npm+https://other.example/']",
      "upstream-credentials: ['acme=user:pa,ss:word', other=token]",
      "upstream-proxy: ['acme=http://proxy.example:3128']",
    ].join("\n"),
  );
  const all = connections(["--config", file]);
  const basic = Buffer.from("user:pa,ss:word").toString("base64");
  expect(all.get("acme")).toMatchObject({
    authorization: `Basic ${basic}`,
    proxy: "http://proxy.example:3128/",
  });
  expect(all.get("other")?.authorization).toBe("Bearer token");
  const environment = { SHOSOIN_UPSTREAM_CREDENTIALS: "public:npmjs=secret" };
  expect(connections([], environment).get("public:npmjs")?.authorization).toBe("Bearer secret");
  expect(() => connections(["--upstream-credentials", "public:npmjs=secret"])).toThrow("no flag");
});

const REFUSED: readonly (readonly [text: string, says: string])[] = [
  ["https://npm.example/", "must be NAME=FORMAT+URL"],
  ["acme=https://npm.example/", "needs a format before the URL"],
  ["acme=rpm+https://npm.example/", "needs a format before the URL"],
  ["acme=npm+ftp://npm.example/", "http:// or https://"],
  ["acme=npm+https://npm.example/?a=b", "no ?"],
  ["public:npmjs=pypi+https://npm.example/", "is of the format npm"],
  ["public:acme=npm+https://npm.example/", "names no public upstream"],
  ["acme=npm+https://user:s3cret@npm.example/", "must hold no password"],
];

test.each(REFUSED)("--upstream %s is refused with what to do, without repeating a password", (text, says) => {
  expect(() => connections(["--upstream", text])).toThrow(ConfigError);
  expect(() => connections(["--upstream", text])).toThrow(says);
  expect(() => connections(["--upstream", text])).toThrow(/^(?!.*s3cret)/s);
});

test("credentials for an upstream that there is not are refused without repeating them", () => {
  const environment = { SHOSOIN_UPSTREAM_CREDENTIALS: "acme=s3cret" };
  expect(() => connections([], environment)).toThrow(/^(?!.*s3cret).*NAME is one of public:npmjs/s);
});

test("the proxy variables of the environment hold for upstreams", () => {
  const environment = { https_proxy: "http://p:1", NO_PROXY: "internal", HOME: "/root" };
  const { upstreams } = readConfig("serve", [], environment, folder).config;
  expect(upstreams.proxyEnvironment).toEqual({ https_proxy: "http://p:1", NO_PROXY: "internal" });
});
