import { XMLParser } from "fast-xml-parser";

export interface TestResult {
  /** `test_bucket_list_empty`, with its parameters in brackets where it has some. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** The line that pytest says it failed with; "" when it passed. */
  readonly message: string;
}

interface TestCase {
  readonly name: string;
  readonly failure?: { readonly message: string };
  readonly error?: { readonly message: string };
  readonly skipped?: { readonly message: string };
}

/** Reads pytest's report (JUnit's XML). A test that passed but could not be cleaned up after has two entries: it counts as failed. */
export function readReport(xml: string): TestResult[] {
  const parser = new XMLParser({
    ...{ ignoreAttributes: false, attributeNamePrefix: "", isArray: (name: string) => name === "testcase" },
    processEntities: { enabled: true, maxTotalExpansions: 1_000_000, maxExpandedLength: 100_000_000 },
  });
  const suite = parser.parse(xml).testsuites.testsuite as { testcase?: readonly TestCase[] };
  const results = new Map<string, TestResult>();
  for (const { name, failure, error, skipped } of suite.testcase ?? []) {
    const outcome = failure || error ? "failed" : skipped ? "skipped" : "passed";
    if (results.get(name)?.outcome === "failed") continue;
    const message = (failure ?? error ?? skipped)?.message.replace(/\s+/g, " ").slice(0, 300) ?? "";
    results.set(name, { name, outcome, message });
  }
  return [...results.values()];
}
