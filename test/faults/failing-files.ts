/**
 * Loaded into a server before its own code: one call of node:fs fails, where and when a test says so. The order lies in a
 * file, read at each call: `<number of the order> <function> <part of the path> <code> <calls that still succeed>`.
 */
import { createRequire } from "node:module";

// The module's own object, before anybody imports names of it: an import here would already be too late.
const fs: typeof import("node:fs") = createRequire(import.meta.url)("node:fs");
const { readFileSync, readlinkSync, writeFileSync } = fs;

const ORDER = process.env["FAILING_FILES"] ?? "";

let obeyed = "";
let calls = 0;

function codeFor(name: string, fd: number): string | undefined {
  const order = readFileSync(ORDER, "utf8");
  const [, wanted, place = "", code, after] = order.split(" ");
  if (wanted !== name || !readlinkSync(`/proc/self/fd/${fd}`).includes(place)) return undefined;
  if (order !== obeyed) calls = 0;
  obeyed = order;
  if (calls++ !== Number(after)) return undefined;
  writeFileSync(`${ORDER}.obeyed`, order);
  return code;
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: as ordered`), { code });
}

type Callback = (error: NodeJS.ErrnoException | null, ...results: unknown[]) => void;
type Call = (...parameters: unknown[]) => void;

for (const name of ["write", "read", "fdatasync", "fsync"] as const) {
  const real = fs[name] as unknown as Call;
  const failing = (...parameters: unknown[]): void => {
    const code = codeFor(name, Number(parameters[0]));
    const callback = parameters.at(-1) as Callback;
    if (code === undefined) real(...parameters);
    // What a disk took of a write before it failed stays there.
    else if (name === "write") real(...halved(parameters), () => callback(failure(code)));
    else setImmediate(callback, failure(code));
  };
  Reflect.set(fs, name, failing);
}

function halved([fd, bytes, offset, length, position]: unknown[]): unknown[] {
  return [fd, bytes, offset, Math.floor(Number(length) / 2), position];
}
