import { RE2JS } from "re2js";

/**
 * A pattern of a service model (Java's dialect, always for the whole value), as a test. RE2 runs it in time linear in the
 * value, whatever the pattern, so no value a client sends can make it backtrack. RE2 lacks look-around and counts
 * above 1,000: a pattern with these runs on the engine's own RegExp. That none of those holds a repeat within a repeat,
 * which backtracking would need to take long, was checked by eye; the test beside this file lists them.
 */
export type PatternTest = (value: string) => boolean;

export function compilePattern(pattern: string): PatternTest {
  const linear = linearPattern(pattern);
  if (linear) return (value) => linear.matches(value);
  const backtracking = new RegExp(`^(?:${pattern})$`, pattern.includes("\\p") ? "u" : "");
  return (value) => backtracking.test(value);
}

/** Undefined for what RE2 cannot run. */
export function linearPattern(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(asRe2(pattern));
  } catch {
    return undefined;
  }
}

/** Java's spelling of code points and of white space, which RE2 spells otherwise. */
function asRe2(pattern: string): string {
  return pattern.replaceAll(/\\u([0-9A-Fa-f]{4})/g, "\\x{$1}").replaceAll("\\p{IsWhitespace}", "\\s");
}
