import { describe, test } from "bun:test";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/**
 * Finds the real clients that scripts/install-test-clients brings. A suite whose client is absent is reported
 * by name as skipped; in CI it fails, for there the script has to have installed everything.
 */
const cache =
  process.env["SHOSOIN_TEST_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "shosoin-test");

const places = [
  join(cache, "bin"),
  join(cache, "python", "bin"),
  // Before PATH: `docker` then is the client of Debian's engine, not another one that stands earlier in PATH.
  "/usr/bin",
  "/usr/sbin",
  ...(process.env["PATH"] ?? "").split(delimiter),
];

/** The path of a client's program, or undefined. */
export function findClient(name: string): string | undefined {
  return places.map((place) => join(place, name)).find(isExecutable);
}

/** The path of a client's program; throws naming it when it is absent. */
export function client(name: string): string {
  const path = findClient(name);
  if (path === undefined) throw new Error(`${name} is not installed: run scripts/install-test-clients`);
  return path;
}

/** A suite that needs real clients (`["docker", "dockerd"]`). */
export function describeWithClients(title: string, names: readonly string[], suite: () => void): void {
  const absent = names.filter((name) => findClient(name) === undefined);
  if (absent.length === 0) {
    describe(title, suite);
    return;
  }
  const absence = `${title}: ${absent.join(", ")} not installed`;
  if (process.env["CI"] === "true") {
    test(absence, () => {
      throw new Error(`${absence}; scripts/install-test-clients should have brought it`);
    });
  } else {
    test.skip(absence, () => {});
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
