import { afterAll, beforeAll, expect, test } from "bun:test";
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

describeWithClients("the OCI conformance suite", ["conformance", "aws"], () => {
  let server: RunningServer;
  let folder: TemporaryFolder;

  beforeAll(async () => {
    folder = temporaryFolder("conformance");
    server = await RunningServer.start({ args: ["--log-level", "warn"] });
    for (const name of Object.values(repositories)) {
      await server.aws(["ecr", "create-repository", "--repository-name", name]);
    }
  });

  afterAll(async () => {
    await server?.stop();
    folder?.remove();
  });

  test("passes completely, with every option on", async () => {
    const { cases, problems, statuses, config } = await runSuite(server, folder.path, {});
    expect(problems).toEqual([]);
    // 830 cases in the pinned version: a suite that runs half of itself does not count.
    expect(Object.keys(cases)).toEqual(["passed"]);
    expect(cases["passed"]).toBeGreaterThanOrEqual(800);
    expect(Object.entries(statuses).filter(([, status]) => status !== "Pass")).toEqual([]);
    expect(Object.keys(statuses).length).toBeGreaterThanOrEqual(52);
    expect(JSON.stringify(config)).not.toContain(":false");
  });
});
