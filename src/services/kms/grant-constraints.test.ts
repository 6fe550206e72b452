import { describe, expect, test } from "bun:test";
import { type GrantedUse, grantAllows, grantCovers } from "./grant-constraints.ts";

const subset = { EncryptionContextSubset: { a: "1" } };
const equals = { EncryptionContextEquals: { a: "1" } };

describe("a grant allows", () => {
  const cases: readonly [string, GrantedUse["constraints"], string, Record<string, string>, boolean][] = [
    ["what it names", {}, "Encrypt", {}, true],
    ["nothing it does not name", {}, "Decrypt", {}, false],
    ["a context that holds its subset", subset, "Encrypt", { a: "1", b: "2" }, true],
    ["no context without it", subset, "Encrypt", { b: "2" }, false],
    ["no context of another value", subset, "Encrypt", { a: "2" }, false],
    ["the very context", equals, "Encrypt", { a: "1" }, true],
    ["no more than the very context", equals, "Encrypt", { a: "1", b: "2" }, false],
    ["operations without a context whatever its constraint", equals, "DescribeKey", {}, true],
    ["no name of Object's", { EncryptionContextSubset: { constructor: "x" } }, "Encrypt", {}, false],
  ];
  test.each(cases)("%s", (_, constraints, operation, context, allowed) => {
    const grant = { operations: ["Encrypt", "DescribeKey"], constraints };
    expect(grantAllows(grant, operation, context)).toBe(allowed);
  });
});

describe("who holds CreateGrant by a grant hands on", () => {
  const own = (constraints: GrantedUse["constraints"]) => ({
    operations: ["CreateGrant", "Encrypt"],
    constraints,
  });
  const cases: readonly [string, GrantedUse["constraints"], GrantedUse, boolean][] = [
    ["what it has", {}, { operations: ["Encrypt"], constraints: {} }, true],
    ["nothing more", {}, { operations: ["Encrypt", "Decrypt"], constraints: {} }, false],
    ["no loosened subset", subset, { operations: ["Encrypt"], constraints: {} }, false],
    ["its subset", subset, { operations: ["Encrypt"], constraints: subset }, true],
    [
      "a tighter subset",
      subset,
      { operations: ["Encrypt"], constraints: { EncryptionContextSubset: { a: "1", b: "2" } } },
      true,
    ],
    ["equality for its subset", subset, { operations: ["Encrypt"], constraints: equals }, true],
    ["no subset for its equality", equals, { operations: ["Encrypt"], constraints: subset }, false],
    ["its equality", equals, { operations: ["Encrypt"], constraints: equals }, true],
  ];
  test.each(cases)("%s", (_, constraints, given, covered) => {
    expect(grantCovers(own(constraints), given)).toBe(covered);
  });
});
