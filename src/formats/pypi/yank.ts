/**
 * Yanking (PEP 592). No specification says how a client asks for it; here a version's mark is a resource of its own:
 * `PUT simple/<project>/<version>/yanked` with the reason as text (or nothing) sets it, DELETE takes it away. A yanked
 * version is installed only by who names it exactly; what an upstream yanks is shown as the upstream says.
 */
import type { OpenRepository } from "../../services/codeartifact/engine.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import { readBody } from "../packages/body.ts";
import { badRequest, notFound } from "../packages/errors.ts";
import type { PackageExchange } from "../packages/exchange.ts";

const LONGEST_REASON = 1_000;

export async function changeYank(
  exchange: PackageExchange,
  repository: OpenRepository,
  name: PackageName,
  version: string,
): Promise<void> {
  const yanked = exchange.request.method === "PUT" ? (await readReason(exchange)) || true : undefined;
  let found = false;
  await exchange.packages.redescribe(
    exchange.call,
    repository,
    "pypi",
    name,
    (candidate, _description, assets) => {
      if (candidate !== version) return undefined;
      found = true;
      const marked = assets.map(({ name: file, metadata: { yanked: _before, ...metadata } }) => {
        return [file, yanked === undefined ? metadata : { ...metadata, yanked }] as const;
      });
      return { assetMetadata: new Map(marked) };
    },
  );
  if (!found) throw notFound(`This repository itself has no version ${version} of ${name.name}.`);
}

async function readReason(exchange: PackageExchange): Promise<string> {
  const reason = (await readBody(exchange, LONGEST_REASON)).toString("utf8").trim();
  if (/\p{Cc}/u.test(reason)) throw badRequest("A reason is one line of text.");
  return reason;
}
