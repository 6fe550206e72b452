import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RegistryError } from "./errors.ts";
import { findRoute } from "./route.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("paths that are endpoints", () => {
  const cases: readonly (readonly [path: string, endpoint: string, name: string, last: string])[] = [
    ["/v2/", "support", "", ""],
    ["/v2", "support", "", ""],
    ["/v2/_catalog", "catalog", "", ""],
    ["/v2/app/manifests/latest", "manifest", "app", "latest"],
    ["/v2/team/app/manifests/v1.0", "manifest", "team/app", "v1.0"],
    [`/v2/app/manifests/${digest}`, "manifest", "app", digest],
    [`/v2/app/manifests/${digest.replace(":", "%3A")}`, "manifest", "app", digest],
    [`/v2/app/blobs/${digest}`, "blob", "app", digest],
    ["/v2/app/blobs/uploads/", "uploads", "app", ""],
    ["/v2/app/blobs/uploads", "uploads", "app", ""],
    ["/v2/app/blobs/uploads/1-2-3", "upload", "app", "1-2-3"],
    ["/v2/app/tags/list", "tags", "app", ""],
    [`/v2/app/referrers/${digest}`, "referrers", "app", digest],
    // Names may hold the words of the endpoints themselves.
    ["/v2/manifests/tags/list", "tags", "manifests", ""],
    ["/v2/a/tags/manifests/list", "manifest", "a/tags", "list"],
    ["/v2/a/blobs/uploads/manifests/latest", "manifest", "a/blobs/uploads", "latest"],
    ["/v2/a/blobs/uploads/blobs/uploads/", "uploads", "a/blobs/uploads", ""],
    ["/v2/a__b/c-----d/e.f/tags/list", "tags", "a__b/c-----d/e.f", ""],
  ];
  for (const [path, endpoint, name, last] of cases) {
    test(path, () => expect(findRoute(path)).toEqual({ endpoint, name, last } as never));
  }
});

describe("paths that are none", () => {
  for (const path of [
    "",
    "/",
    "/v1/",
    "/v2/app",
    "/v2/app/",
    "/v2//",
    "/v2/app/tags/",
    "/v2/app/manifests",
  ]) {
    test(JSON.stringify(path), () => expect(findRoute(path)).toBeUndefined());
  }
});

describe("names that are refused", () => {
  const names = [
    "",
    "App",
    "a//b",
    "/a",
    "a/",
    "..",
    "a/../b",
    ".a",
    "a.",
    "a___b",
    "a..b",
    "%61pp",
    "a%2fb",
  ];
  names.push("a%2e%2e%2fb", "a%252fb", "a%00", "a\u00e9", "a b", "a".repeat(257), "a-".repeat(5000));
  for (const name of names) {
    test(JSON.stringify(name.slice(0, 40)), () => {
      expect(() => findRoute(`/v2/${name}/tags/list`)).toThrow(RegistryError);
    });
  }
});

test("no path brings anything but an endpoint with a proper name, nothing, or a refusal", () => {
  const part = fc.constantFrom(
    "v2",
    "app",
    "..",
    ".",
    "",
    "%2e%2e",
    "%2F",
    "%00",
    "blobs",
    "uploads",
    "tags",
    "list",
  );
  const more = fc.constantFrom(
    "manifests",
    "referrers",
    "_catalog",
    digest,
    "A",
    "a__b",
    "%",
    "\u00ff",
    "a\u0000",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(part, more, fc.string()), { maxLength: 8 }), (parts) => {
      try {
        const route = findRoute(`/v2/${parts.join("/")}`);
        if (route?.name) expect(route.name).toMatch(/^[a-z0-9][a-z0-9._/-]*$/);
        if (route?.name) expect(route.name.split("/")).not.toContain("..");
      } catch (error) {
        expect(error).toBeInstanceOf(RegistryError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("an escape that is no UTF-8 is refused, not guessed at", () => {
  expect(() => findRoute("/v2/app/manifests/%ff")).toThrow(RegistryError);
  expect(() => findRoute("/v2/app/manifests/%zz")).toThrow(RegistryError);
});
