/**
 * Runs ceph/s3-tests against servers of its own and writes docs/s3-conformance.md.
 *
 *   bun test/conformance/s3-tests/run.ts <folder> [further arguments of pytest]
 *
 * The folder is a checkout of ceph/s3-tests; it needs scripts/install-test-clients --s3-tests. With further arguments
 * (`-k multipart`) only a part is run, and takes the place of those tests' last results (results.json in that folder).
 *
 * Three lanes: tests that wait for lifecycle run where a day takes ten seconds, all others where it takes a day, for in
 * short days the dates in x-amz-expiration would be wrong. Those that count all buckets of the account run alone.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { createAccount } from "../../another-account.ts";
import { client } from "../../client.ts";
import { runCommand, tryCommand } from "../../command.ts";
import { projectRoot, type RootKey, RunningServer } from "../../running-server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { conformancePage } from "./page.ts";
import { readReport, type TestResult } from "./report.ts";

const DAY_SECONDS = 10;
const FILES = ["test_s3.py", "test_headers.py", "test_utils.py"];

interface Lane {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** For `pytest -n`: waiting costs nothing. */
  readonly workers: number;
  takes(test: string): boolean;
}

/** They expect to see the buckets of no other test. */
const ALONE = /^test_(list_buckets|buckets_(create|list)|account_usage)/;

async function main([suite, ...pytestArguments]: string[]): Promise<void> {
  if (suite === undefined) throw new Error("The folder of ceph/s3-tests is missing");
  const waiting = waitingTests(readFileSync(join(suite, "s3tests", "functional", "test_s3.py"), "utf8"));
  const lanes: readonly Lane[] = [
    { name: "days", env: {}, workers: 4, takes: (test) => !waiting.has(test) && !ALONE.test(test) },
    { name: "alone", env: {}, workers: 1, takes: (test) => ALONE.test(test) },
    {
      name: "short days",
      env: { SHOSOIN_DAY_SECONDS: String(DAY_SECONDS) },
      workers: 16,
      takes: (test) => waiting.has(test),
    },
  ];
  const file = join(suite, "results.json");
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as TestResult[]) : [];
  const results = new Map(known.map((result) => [result.name, result]));
  if (pytestArguments.length === 0) results.clear();
  for (const lane of lanes) {
    const found = await runLane(suite, lane, pytestArguments);
    for (const result of found) {
      results.set(result.name, result);
      if (result.outcome === "failed") console.log(`${result.name}: ${result.message}`);
    }
    writeFileSync(file, JSON.stringify([...results.values()]));
    const count = (outcome: TestResult["outcome"]) => found.filter((one) => one.outcome === outcome).length;
    console.log(
      `${lane.name}: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`,
    );
  }
  const git = (...args: string[]) => runCommand("git", ["-C", suite, ...args]);
  const run = {
    results: [...results.values()],
    commit: await git("rev-parse", "HEAD"),
    committedAt: await git("show", "--no-patch", "--format=%cs", "HEAD"),
    boto: await runCommand(client("s3-tests-python"), ["-c", "import boto3; print(boto3.__version__)"]),
  };
  writeFileSync(join(projectRoot, "docs", "s3-conformance.md"), conformancePage(run));
}

async function runLane(suite: string, lane: Lane, more: readonly string[]): Promise<TestResult[]> {
  const folder = temporaryFolder("s3-tests");
  // The suite opens buckets to everybody without unlocking them, as could be done at AWS before 2023.
  const server = await RunningServer.start({ env: lane.env, args: ["--new-buckets", "open"] });
  try {
    const path = (name: string) => join(folder.path, name);
    mkdirSync(path("home"));
    writeFileSync(path("s3tests.conf"), await configuration(server));
    const python = client("s3-tests-python");
    const env = {
      S3TEST_CONF: path("s3tests.conf"),
      HOME: path("home"),
      AWS_CA_BUNDLE: undefined,
      PYTHONPATH: import.meta.dirname,
    };
    const options = { cwd: suite, env, timeout: 3600 };
    const paths = FILES.map((file) => join("s3tests", "functional", file));
    const base = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "shared_cleanup", "--quiet"];
    const collected = await tryCommand(python, [...base, "--collect-only", ...paths, ...more], options);
    const chosen = collected.stdout
      .split("\n")
      .filter((line) => line.includes("::") && lane.takes(functionOf(line)));
    if (chosen.length === 0) return [];
    writeFileSync(path("chosen"), `${chosen.join("\n")}\n`);
    const report = ["--junit-xml", path("report.xml"), "--numprocesses", String(lane.workers)];
    const ran = await tryCommand(python, [...base, ...report, "--tb=short", `@${path("chosen")}`], options);
    writeFileSync(join(suite, `${lane.name.replaceAll(" ", "-")}.log`), `${ran.stdout}${ran.stderr}`);
    writeFileSync(join(suite, `${lane.name.replaceAll(" ", "-")}.server.log`), server.log);
    return readReport(readFileSync(path("report.xml"), "utf8"));
  } finally {
    await server.stop();
    folder.remove();
  }
}

/** `s3tests/functional/test_s3.py::test_copy[a-b]`: test_copy */
function functionOf(line: string): string {
  return /::(\w+)/.exec(line)?.[1] ?? "";
}

/** Tests that, or whose helpers, ask how long a day is. */
function waitingTests(source: string): ReadonlySet<string> {
  const functions = new Map(
    source.split(/^(?=def )/m).map((text) => [/^def (\w+)/.exec(text)?.[1] ?? "", text] as const),
  );
  const waits = new Set(["get_lc_debug_interval"]);
  for (let before = 0; before !== waits.size; ) {
    before = waits.size;
    for (const [name, text] of functions)
      if (name !== "" && [...waits].some((other) => other !== name && text.includes(`${other}(`)))
        waits.add(name);
  }
  return new Set([...waits].filter((name) => name.startsWith("test_")));
}

async function configuration(server: RunningServer): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const accounts = {
    "s3 main": server.rootKey,
    "s3 alt": await createAccount(server, "210987654321"),
    "s3 tenant": await createAccount(server, "321098765432"),
  };
  const keys = [await createKmsKey(server), await createKmsKey(server)];
  const sections = await Promise.all(
    Object.entries(accounts).map(async ([section, key]) =>
      lines(section, {
        ...{ display_name: section, user_id: await canonicalUser(server, key), email: "nobody@example.com" },
        ...{ access_key: key.accessKeyId, secret_key: key.secretAccessKey, tenant: "" },
        ...(section === "s3 main" && {
          ...{ api_name: "eu-west-1", kms_keyid: keys[0], kms_keyid2: keys[1] },
          lc_debug_interval: DAY_SECONDS,
        }),
      }),
    ),
  );
  const { accessKeyId, secretAccessKey } = server.rootKey;
  const iam = {
    access_key: accessKeyId,
    secret_key: secretAccessKey,
    user_id: "",
    email: "",
    display_name: "",
  };
  return [
    lines("DEFAULT", { host: hostname, port, is_secure: "False", ssl_verify: "False" }),
    lines("fixtures", { "bucket prefix": "tested-{random}-" }),
    ...sections,
    ...["iam", "iam root", "iam alt root"].map((section) => lines(section, iam)),
  ].join("\n");
}

function lines(section: string, values: object): string {
  const rows = Object.entries(values).map(([name, value]) => `${name} = ${value}`);
  return [`[${section}]`, ...rows, ""].join("\n");
}

async function canonicalUser(server: RunningServer, credentials: RootKey): Promise<string> {
  const s3 = new S3Client({ ...connection(server), credentials, forcePathStyle: true });
  const { Owner } = await s3.send(new ListBucketsCommand());
  s3.destroy();
  return Owner?.ID ?? "";
}

async function createKmsKey(server: RunningServer): Promise<string> {
  const kms = new KMSClient({ ...connection(server), credentials: server.rootKey });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand());
  kms.destroy();
  // S3 answers with the ARN, and the suite compares.
  return KeyMetadata?.Arn ?? "";
}

function connection(server: RunningServer) {
  return { endpoint: server.url, region: "us-east-1", maxAttempts: 1 };
}

await main(process.argv.slice(2));
