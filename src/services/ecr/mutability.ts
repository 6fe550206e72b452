/**
 * Tag mutability: which tags of a repository may be moved to another image. Four modes; the two with exclusion
 * turn the meaning round for tags that match one of up to five wildcard filters (`*` = any characters).
 */
import type { ImageTagMutability, ImageTagMutabilityExclusionFilter } from "@aws-sdk/client-ecr";
import { invalidParameter } from "./errors.ts";

export interface TagMutability {
  readonly mode: ImageTagMutability;
  /** Wildcard filters; empty in the modes without exclusion. */
  readonly exclusions: readonly string[];
}

const MODES: Readonly<Record<ImageTagMutability, { immutable: boolean; exclusion: boolean }>> = {
  MUTABLE: { immutable: false, exclusion: false },
  IMMUTABLE: { immutable: true, exclusion: false },
  MUTABLE_WITH_EXCLUSION: { immutable: false, exclusion: true },
  IMMUTABLE_WITH_EXCLUSION: { immutable: true, exclusion: true },
};

const MAX_FILTERS = 5;
const MAX_WILDCARDS = 2;

export function isImmutable(mutability: TagMutability, tag: string): boolean {
  const { immutable, exclusion } = MODES[mutability.mode];
  return exclusion && mutability.exclusions.some((filter) => matchesWildcard(filter, tag))
    ? !immutable
    : immutable;
}

/** Throws InvalidParameterException. */
export function parseTagMutability(
  mode: string | undefined,
  filters: readonly ImageTagMutabilityExclusionFilter[] | undefined,
): TagMutability {
  const chosen = mode ?? "MUTABLE";
  if (!isMode(chosen)) {
    throw invalidParameter(
      "imageTagMutability",
      `Member must satisfy enum value set: [${Object.keys(MODES).join(", ")}]`,
    );
  }
  const name = "imageTagMutabilityExclusionFilters";
  const exclusions = (filters ?? []).map((filter) => filter.filter ?? "");
  if (!MODES[chosen].exclusion) {
    if (exclusions.length > 0)
      throw invalidParameter(
        name,
        `ImageTagMutabilityExclusionFilters are not allowed when imageTagMutability is set as ${chosen}`,
      );
    return { mode: chosen, exclusions };
  }
  if (exclusions.length === 0) {
    throw invalidParameter(
      name,
      `ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${chosen}`,
    );
  }
  if (exclusions.length > MAX_FILTERS) {
    throw invalidParameter(name, `Member must have length less than or equal to ${MAX_FILTERS}`);
  }
  for (const filter of filters ?? []) {
    if (filter.filterType !== "WILDCARD") throw invalidParameter(name, "filter type must be WILDCARD");
    if (!/^[0-9a-zA-Z._*-]{1,128}$/.test(filter.filter ?? "")) {
      throw invalidParameter(name, "filter must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'");
    }
    if ((filter.filter ?? "").split("*").length - 1 > MAX_WILDCARDS) {
      throw invalidParameter(name, `a filter may have at most ${MAX_WILDCARDS} wildcards`);
    }
  }
  if (new Set(exclusions).size < exclusions.length) throw invalidParameter(name, "filters must be different");
  return { mode: chosen, exclusions };
}

export function describeExclusions(
  mutability: TagMutability,
): ImageTagMutabilityExclusionFilter[] | undefined {
  if (!MODES[mutability.mode].exclusion) return undefined;
  return mutability.exclusions.map((filter) => ({ filterType: "WILDCARD", filter }));
}

function isMode(text: string): text is ImageTagMutability {
  return Object.hasOwn(MODES, text);
}

/** Without regular expressions: time grows with the lengths only, whatever the filter. */
function matchesWildcard(filter: string, tag: string): boolean {
  const [first = "", ...rest] = filter.split("*");
  const last = rest.pop();
  if (last === undefined) return tag === filter;
  if (!tag.startsWith(first) || !tag.endsWith(last) || tag.length < first.length + last.length) return false;
  let position = first.length;
  const end = tag.length - last.length;
  for (const part of rest) {
    const found = tag.indexOf(part, position);
    if (found < 0 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}
