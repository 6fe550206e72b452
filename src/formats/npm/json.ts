/** JSON of others: read within bounds, and looked at without believing what it says. */
import { PackageInvalid } from "../../services/codeartifact/format.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Deeper documents are attacks on whoever walks through them. */
export const DEEPEST = 64;

/** Throws PackageInvalid when it is no JSON object or nests deeper than 64 levels; `what` names it for people. */
export function parseObject(text: string, what: string): JsonObject {
  if (isDeep(text)) throw new PackageInvalid(`${what} nests deeper than ${DEEPEST} levels.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PackageInvalid(`${what} is no JSON document.`);
  }
  if (!isObject(value)) throw new PackageInvalid(`${what} is no JSON object.`);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** {} for whatever is no object. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The members whose values are texts. */
export function textsOf(value: unknown): readonly (readonly [string, string])[] {
  return Object.entries(objectOf(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
}

function isDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > DEEPEST) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}
