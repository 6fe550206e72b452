/**
 * `npm audit`, `pnpm audit`, `yarn audit`: no advisories are known here, so none are told. Both endpoints read what they
 * are asked, so that a client that sends nonsense hears of it.
 */
import { readBody } from "../packages/body.ts";
import { type PackageExchange, sendJson } from "../packages/exchange.ts";
import { parseObject } from "./json.ts";

/** Of a lock file with ten thousands of packages, unfolded. */
const LARGEST_QUESTION = 32 * 1024 * 1024;

/** `/-/npm/v1/security/advisories/bulk`: `{name: [versions]}`. */
export async function bulkAdvisories(exchange: PackageExchange): Promise<void> {
  await question(exchange);
  sendJson(exchange, 200, {});
}

/** `/-/npm/v1/security/audits` and `/audits/quick`. */
export async function audit(exchange: PackageExchange): Promise<void> {
  await question(exchange);
  sendJson(exchange, 200, {
    actions: [],
    advisories: {},
    muted: [],
    metadata: {
      vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0 },
      dependencies: 0,
      devDependencies: 0,
      optionalDependencies: 0,
      totalDependencies: 0,
    },
  });
}

async function question(exchange: PackageExchange) {
  const { packages, call, address } = exchange;
  await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  return parseObject((await readBody(exchange, LARGEST_QUESTION)).toString("utf8"), "The question");
}
