import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import type { AccountId, Region } from "./names.ts";
import { openPageToken, type PageScope, sealPageToken } from "./page-token.ts";

const key = randomBytes(32);
const scope: PageScope = {
  operation: "ecr:ListImages",
  account: "123456789012" as AccountId,
  region: "us-east-1" as Region,
  purpose: "my-app",
};

test("a token gives back the position it was made with, and hides it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (position) => {
      const token = sealPageToken(key, scope, position);
      expect(openPageToken(key, scope, token)).toBe(position);
      expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    }),
  );
  expect(Buffer.from(sealPageToken(key, scope, "sha256:abc"), "base64url").includes("sha256")).toBe(false);
});

test("a token is good for its operation, account, region and purpose only, and for its key", () => {
  const token = sealPageToken(key, scope, "x");
  const others: Partial<PageScope>[] = [
    { operation: "ecr:DescribeImages" },
    { account: "210987654321" as AccountId },
    { region: "eu-west-1" as Region },
    { purpose: "my-other-app" },
  ];
  for (const other of others) expect(openPageToken(key, { ...scope, ...other }, token)).toBeUndefined();
  expect(openPageToken(randomBytes(32), scope, token)).toBeUndefined();
});

test("a token that was changed anywhere is not accepted", () => {
  const token = sealPageToken(key, scope, "position");
  for (let index = 0; index < token.length; index++) {
    const other = token[index] === "A" ? "B" : "A";
    expect(openPageToken(key, scope, token.slice(0, index) + other + token.slice(index + 1))).toBeUndefined();
  }
  for (const text of [
    "",
    "x",
    token.slice(1),
    token.slice(0, -1),
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    "\u0000",
    "é",
  ]) {
    expect(openPageToken(key, scope, text)).toBeUndefined();
  }
});

test("any text at all is not a token", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => openPageToken(key, scope, text) === undefined),
  );
});
