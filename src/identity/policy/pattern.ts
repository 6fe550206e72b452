/**
 * Texts of a policy with wildcards (`*`, `?`) and policy variables (IAM User Guide, "IAM policy elements:
 * Variables and tags"): `${aws:PrincipalAccount}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the signs
 * themselves. A variable's value is text: wildcards in it match only themselves.
 */

import type { RequestContext } from "./context.ts";
import { ANY, matchesLong, ONE, type Unit } from "./long-match.ts";

type Piece =
  | { readonly units: readonly Unit[] }
  | { readonly variable: string; readonly fallback: string | undefined };

export interface Pattern {
  /** As written. */
  readonly source: string;
  readonly pieces: readonly Piece[];
}

export interface PatternSyntax {
  readonly wildcards: boolean;
  readonly variables: boolean;
}

export function parsePattern(source: string, syntax: PatternSyntax): Pattern {
  const pieces: Piece[] = [];
  let rest = 0;
  if (syntax.variables) {
    for (const match of source.matchAll(/\$\{([^{}]*)\}/g)) {
      pieces.push({ units: unitsOf(source.slice(rest, match.index), syntax.wildcards) });
      pieces.push(parseVariable(match[1] ?? ""));
      rest = match.index + match[0].length;
    }
  }
  pieces.push({ units: unitsOf(source.slice(rest), syntax.wildcards) });
  return { source, pieces: pieces.filter((piece) => !("units" in piece) || piece.units.length > 0) };
}

function parseVariable(text: string): Piece {
  if (text === "*" || text === "?" || text === "$") return { units: unitsOf(text, false) };
  // No regular expression: a stranger's policy may hold ten thousand spaces for it to go back over.
  const comma = text.indexOf(",");
  if (comma < 0) return { variable: text.trim().toLowerCase(), fallback: undefined };
  const fallback = text.slice(comma + 1).trim();
  const quoted = fallback.length > 1 && fallback.startsWith("'") && fallback.endsWith("'");
  // What is no default makes a name that no request has a value for.
  return quoted
    ? { variable: text.slice(0, comma).trim().toLowerCase(), fallback: fallback.slice(1, -1) }
    : { variable: text, fallback: undefined };
}

function unitsOf(text: string, wildcards: boolean): Unit[] {
  return Array.from({ length: text.length }, (_, index) => {
    const unit = text.charCodeAt(index);
    if (!wildcards) return unit;
    return unit === 0x2a ? ANY : unit === 0x3f ? ONE : unit;
  });
}

/**
 * Whether the whole `text` fits; undefined when a variable has not exactly one value in the request, which makes
 * what the pattern stands in fail, negated or not.
 */
export function matchesPattern(
  pattern: Pattern,
  text: string,
  context: RequestContext,
  letters: "as-written" | "any-case" = "as-written",
): boolean | undefined {
  const units = resolve(pattern, context);
  if (units === undefined) return undefined;
  if (letters === "as-written") return matchesUnits(units, text);
  return matchesUnits(units.map(lowerCase), String.fromCharCode(...unitsOf(text, false).map(lowerCase)));
}

/** One unit for one unit: letters whose small form is longer stay as they are. */
function lowerCase(unit: Unit): Unit {
  if (unit < 0) return unit;
  const small = String.fromCharCode(unit).toLowerCase();
  return small.length === 1 ? small.charCodeAt(0) : unit;
}

function resolve(pattern: Pattern, context: RequestContext): readonly Unit[] | undefined {
  const [first, ...more] = pattern.pieces;
  if (first !== undefined && more.length === 0 && "units" in first) return first.units;
  const units: Unit[] = [];
  for (const piece of pattern.pieces) {
    if ("units" in piece) {
      for (const unit of piece.units) units.push(unit);
      continue;
    }
    const [value, ...others] = context.get(piece.variable) ?? [];
    const text = others.length === 0 ? (value ?? piece.fallback) : undefined;
    if (text === undefined) return undefined;
    for (const unit of unitsOf(text, false)) units.push(unit);
  }
  return units;
}

/** More than any policy in use needs, and no more than a tenth of a millisecond. */
const MOST_STEPS = 100_000;

/**
 * Greedy, going back to the last `*` only: a `*` that has matched need never give way to an earlier one, so the
 * work is at most the product of both lengths.
 */
function matchesUnits(pattern: readonly Unit[], text: string): boolean {
  if (pattern.length * text.length > MOST_STEPS) return matchesLong(pattern, text);
  let at = 0;
  let position = 0;
  let starAt = -1;
  let starPosition = 0;
  while (position < text.length) {
    const unit = pattern[at];
    if (unit === ANY) {
      starAt = at;
      starPosition = position;
      at += 1;
    } else if (unit === ONE || unit === text.charCodeAt(position)) {
      at += 1;
      position += 1;
    } else if (starAt >= 0) {
      at = starAt + 1;
      starPosition += 1;
      position = starPosition;
    } else return false;
  }
  while (pattern[at] === ANY) at += 1;
  return at === pattern.length;
}
