import { writeFile } from "node:fs/promises";
import { coverageDocument } from "./coverage.ts";

/** Writes docs/coverage.md. To run: `bun scripts/generate-coverage.ts`. */
const file = new URL("../docs/coverage.md", import.meta.url);
await writeFile(file, await coverageDocument());
