import { reasonOf } from "./reasons.ts";
import type { TestResult } from "./report.ts";

/** What the page says about the run it was made from. */
export interface Run {
  readonly results: readonly TestResult[];
  /** Of ceph/s3-tests. */
  readonly commit: string;
  readonly committedAt: string;
  readonly boto: string;
}

/** docs/s3-conformance.md: figures, how to come to them, and each test that does not pass with its reason. */
export function conformancePage({ results, commit, committedAt, boto }: Run): string {
  const having = (outcome: TestResult["outcome"]) => results.filter((result) => result.outcome === outcome);
  const [passed, failed, skipped] = [having("passed"), having("failed"), having("skipped")];
  const functions = new Set(passed.map(functionOf));
  for (const { name } of failed) functions.delete(functionOf({ name }));
  return `# ceph/s3-tests

Written by \`test/conformance/s3-tests/run.ts\` from a run; not edited by hand.

| | |
|---|---|
| suite | ceph/s3-tests, commit \`${commit}\` of ${committedAt} |
| client | boto3 ${boto} |
| files | \`test_s3.py\`, \`test_headers.py\`, \`test_utils.py\`: all of their tests |
| **passed** | **${passed.length}** (${functions.size} functions without a failure; some run once for each of several parameters) |
| failed | ${failed.length}, each below |
| skipped by the suite | ${skipped.length}, each below |

To repeat it, with a checkout of the suite at that commit (some minutes; servers and data folders of its own):

\`\`\`sh
scripts/install-test-clients --s3-tests
bun test/conformance/s3-tests/run.ts <folder of the checkout>
\`\`\`

Tests that wait for lifecycle run where a day takes ten seconds (\`SHOSOIN_DAY_SECONDS=10\`), all others where it takes a
day. Buckets begin as they did before 2023, which the suite takes for granted (\`--new-buckets open\`: public policies and
SSE-C are not blocked). Further storage classes are not configured, as in the suite's own sample. The files for IAM, STS, SNS and S3 Select
test other services, or one that AWS no longer sells.

## What does not pass, and why

${sections(failed)}

## What the suite skips

${sections(skipped)}
`;
}

function sections(results: readonly TestResult[]): string {
  const byReason = Map.groupBy(results, ({ name, message, outcome }) =>
    outcome === "skipped" ? message : (reasonOf(name, message) ?? "Not explained yet."),
  );
  if (byReason.size === 0) return "Nothing.";
  return [...byReason]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, group]) => {
      const names = group.map(({ name }) => `\`${name}\``).toSorted();
      return `### ${reason}\n\n${group.length}: ${names.join(", ")}`;
    })
    .join("\n\n");
}

function functionOf({ name }: { readonly name: string }): string {
  return name.replace(/\[.*$/s, "");
}
