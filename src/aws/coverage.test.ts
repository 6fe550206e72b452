import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { coverageDocument } from "../../scripts/coverage.ts";

test("docs/coverage.md is what bun scripts/generate-coverage.ts writes today", async () => {
  const file = new URL("../../docs/coverage.md", import.meta.url);
  expect(await readFile(file, "utf8")).toBe(await coverageDocument());
});
