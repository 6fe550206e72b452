import type { TestResult } from "./report.ts";

export function conformancePage(_results: readonly TestResult[], _boto: string): string {
  return "";
}
