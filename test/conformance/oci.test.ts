import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { client, describeWithClients } from "../client.ts";
import { tryCommand } from "../command.ts";
import { RunningServer } from "../running-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";

/**
 * The OCI distribution-spec conformance suite, at the commit that scripts/install-test-clients pins, with every
 * option on that is off by default. Nothing may fail, and nothing may be skipped or switched off.
 */
const repositories = { OCI_REPO1: "conformance/one", OCI_REPO2: "conformance/two" };

/** `version: dev` switches on what is in the specification but not in a release yet; each is said once more here. */
const options = {
  OCI_VERSION: "dev",
  OCI_API_PING: "true",
  OCI_API_PULL: "true",
  OCI_API_PUSH: "true",
  OCI_API_BLOBS_ATOMIC: "true",
  OCI_API_BLOBS_DELETE: "true",
  OCI_API_BLOBS_DIGEST_HEADER: "true",
  OCI_API_BLOBS_MOUNT_ANONYMOUS: "true",
  OCI_API_BLOBS_UPLOAD_CANCEL: "true",
  OCI_API_MANIFESTS_ATOMIC: "true",
  OCI_API_MANIFESTS_DELETE: "true",
  OCI_API_MANIFESTS_DIGEST_HEADER: "true",
  OCI_API_MANIFESTS_TAG_PARAM: "true",
  OCI_API_TAGS_ATOMIC: "true",
  OCI_API_TAGS_DELETE: "true",
  OCI_API_TAGS_LIST: "true",
  OCI_API_REFERRER: "true",
  OCI_DATA_IMAGE: "true",
  OCI_DATA_INDEX: "true",
  OCI_DATA_INDEX_LIST: "true",
  OCI_DATA_SPARSE: "true",
  OCI_DATA_ARTIFACT: "true",
  OCI_DATA_SUBJECT: "true",
  OCI_DATA_SUBJECT_MISSING: "true",
  OCI_DATA_ARTIFACT_LIST: "true",
  OCI_DATA_SUBJECT_LIST: "true",
  OCI_DATA_DATA_FIELD: "true",
  OCI_DATA_NONDISTRIBUTABLE: "true",
  OCI_DATA_CUSTOM_FIELDS: "true",
  OCI_DATA_NO_LAYERS: "true",
  OCI_DATA_EMPTY_BLOB: "true",
  OCI_DATA_SHA512: "true",
};

interface Report {
  /** Cases by status, as the JUnit report has them. */
  readonly cases: Readonly<Record<string, number>>;
  /** Names of the cases that did not pass, with what the suite said. */
  readonly problems: readonly string[];
  /** Status by name of each endpoint and kind of data. */
  readonly statuses: Readonly<Record<string, string>>;
  /** The suite's configuration as it understood it. */
  readonly config: unknown;
}

async function runSuite(
  server: RunningServer,
  folder: string,
  more: Record<string, string>,
): Promise<Report> {
  const run = await tryCommand(client("conformance"), [], {
    cwd: folder,
    timeout: 500,
    env: {
      ...repositories,
      ...options,
      OCI_REGISTRY: server.registry,
      OCI_TLS: "disabled",
      OCI_USERNAME: "AWS",
      OCI_PASSWORD: await server.registryPassword(),
      OCI_RESULTS_DIR: folder,
      ...more,
    },
  });
  const summary = /^OCI Conformance Result:[\s\S]*/m.exec(run.stdout)?.[0];
  if (summary === undefined) throw new Error(`the suite did not finish:\n${run.stdout}\n${run.stderr}`);
  console.log(summary.split("\n\n", 1)[0]);
  const junit = readFileSync(join(folder, "junit.xml"), "utf8");
  const cases: Record<string, number> = {};
  const problems: string[] = [];
  for (const [whole, name = "", status = ""] of junit.matchAll(
    /<testcase name="([^"]*)"[^>]* status="([^"]*)">[\s\S]*?<\/testcase>/g,
  )) {
    cases[status] = (cases[status] ?? 0) + 1;
    if (status !== "passed")
      problems.push(`${name}: ${status} ${/message="([^"]*)"/.exec(whole)?.[1] ?? ""}`);
  }
  const results = parse(readFileSync(join(folder, "results.yaml"), "utf8"));
  return { cases, problems, statuses: { ...results.apis, ...results.data }, config: results.config };
}

async function withServer(
  args: readonly string[],
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await RunningServer.start({ args: ["--log-level", "warn", ...args] });
  try {
    for (const name of Object.values(repositories)) {
      await server.aws(["ecr", "create-repository", "--repository-name", name]);
    }
    await use(server);
  } finally {
    await server.stop();
  }
}

function expectEverythingPassed({ cases, problems, statuses }: Report): void {
  expect(problems).toEqual([]);
  expect(Object.keys(cases)).toEqual(["passed"]);
  expect(Object.entries(statuses).filter(([, status]) => status !== "Pass")).toEqual([]);
}

describeWithClients("the OCI conformance suite", ["conformance", "aws"], () => {
  let folder: TemporaryFolder;

  beforeEach(() => {
    folder = temporaryFolder("conformance");
  });

  afterEach(() => {
    folder.remove();
  });

  test("passes completely, with every option on", async () => {
    await withServer(["--missing-layers", "accept"], async (server) => {
      const report = await runSuite(server, folder.path, {});
      expectEverythingPassed(report);
      // 830 in the pinned version: a suite that runs half of itself does not count.
      expect(report.cases["passed"]).toBeGreaterThanOrEqual(800);
      expect(Object.keys(report.statuses).length).toBeGreaterThanOrEqual(52);
      expect(JSON.stringify(report.config)).not.toContain(":false");
    });
  });

  // As it is started without flags, it refuses images without their layers, as ECR does and the specification allows.
  test("passes as the server starts, with every option on but images without their layers", async () => {
    await withServer([], async (server) => {
      const report = await runSuite(server, folder.path, { OCI_DATA_SPARSE: "false" });
      expect(report.statuses["Sparse Manifests"]).toBe("Disabled");
      const { "Sparse Manifests": _, ...statuses } = report.statuses;
      expectEverythingPassed({ ...report, statuses });
      expect(report.cases["passed"]).toBeGreaterThanOrEqual(780);
    });
  });
});
