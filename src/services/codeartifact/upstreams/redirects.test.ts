import { expect, test } from "bun:test";
import { redirected } from "./redirects.ts";
import { UpstreamRefused } from "./upstreams.ts";

const from = new URL("https://one.example/npm/left-pad");

test.each([
  ["/other", "https://one.example/other"],
  ["other", "https://one.example/npm/other"],
  ["//two.example/x", "https://two.example/x"],
  ["https://user:word@two.example/x#here", "https://two.example/x"],
])("a Location of %s leads to %s", (location, to) => {
  expect(redirected(from, location, "acme").href).toBe(to);
});

test("from http to https is an improvement", () => {
  expect(redirected(new URL("http://one.example/"), "https://one.example/", "acme").protocol).toBe("https:");
});

test.each(["http://one.example/other", "ftp://one.example/", "javascript:alert(1)", "https://"])(
  "a Location of %s is refused",
  (location) => {
    expect(() => redirected(from, location, "acme")).toThrow(UpstreamRefused);
  },
);
