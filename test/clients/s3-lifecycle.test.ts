/** An artifact bucket's lifecycle in real life, with days of two seconds: each rule is seen acting, by `aws s3api` alone. */
import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describeWithClients } from "../client.ts";
import { runCommand, tryCommand } from "../command.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const BUCKET = "my-artifacts";
const OLD_KEY = "releases/v1.0.0/app.jar";
const ARCHIVE_KEY = "docker/my-app/v1.0.0/image.tar.gz";
const KEPT_KEY = "releases/v1.1.0/app.jar";
const UPLOAD_KEY = "snapshots/develop/build-123/app.jar";

const RULES = {
  Rules: [
    {
      ID: "DeleteOldVersions",
      Status: "Enabled",
      Filter: {},
      NoncurrentVersionExpiration: { NoncurrentDays: 30 },
    },
    {
      ID: "MoveToGlacier",
      Status: "Enabled",
      Filter: { Tag: { Key: "Archive", Value: "true" } },
      Transitions: [{ Days: 90, StorageClass: "GLACIER" }],
    },
    {
      ID: "CleanupIncompleteUploads",
      Status: "Enabled",
      Filter: {},
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    },
  ],
};

interface Coming {
  readonly key: string;
  readonly action: string;
  readonly rule: string;
  readonly storageClass?: string;
  readonly bytesFreed: number;
}

describeWithClients("an artifact bucket's lifecycle", ["aws"], () => {
  const folder = temporaryFolder("lifecycle");
  const file = (name: string) => join(folder.path, name);
  let server: RunningServer | undefined;
  afterAll(async () => {
    await server?.stop();
    folder.remove();
  });

  async function s3api(command: string, ...args: string[]): Promise<Record<string, unknown>> {
    const line = ["s3api", command, "--bucket", BUCKET, ...args, "--output", "json"];
    const text = (await server?.aws(line)) ?? "";
    return text.trim() === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  async function refusal(command: string, ...args: string[]): Promise<string> {
    const result = await server?.tryAws(["s3api", command, "--bucket", BUCKET, ...args]);
    return result?.stderr ?? "";
  }

  const [program = "", ...before] = process.env["SHOSOIN_TEST_COMMAND"]?.split(" ") ?? [
    process.execPath,
    join(projectRoot, "src", "main.ts"),
  ];
  /** Beside the running server, which says how long its days are. */
  const preview = (...args: string[]) => [
    ...before,
    ...["lifecycle", "preview", `s3://${BUCKET}`, "--data", server?.data ?? "", ...args],
  ];

  /** `key class`, the newest first within a key. */
  async function versions(): Promise<string[]> {
    const { Versions: found = [] } = (await s3api("list-object-versions")) as {
      Versions?: { Key: string; StorageClass: string }[];
    };
    return found.map(({ Key, StorageClass }) => `${Key} ${StorageClass}`);
  }

  async function until<Result>(
    look: () => Promise<Result>,
    holds: (seen: Result) => boolean,
  ): Promise<Result> {
    for (let second = 0; ; second++) {
      const seen = await look();
      if (holds(seen) || second > 1_000) return seen;
      await pause(500);
    }
  }

  test("acts by each rule in its turn, as the preview says; an archive comes back for as long as asked", async () => {
    server = await RunningServer.start({ env: { SHOSOIN_DAY_SECONDS: "2" } });
    const key = JSON.parse(await server.aws(["kms", "create-key", "--output", "json"])) as {
      KeyMetadata: { Arn: string };
    };
    await s3api("create-bucket");
    await s3api("put-bucket-versioning", "--versioning-configuration", "Status=Enabled");
    const encryption = { SSEAlgorithm: "aws:kms", KMSMasterKeyID: key.KeyMetadata.Arn };
    const encrypted = { Rules: [{ ApplyServerSideEncryptionByDefault: encryption }] };
    await s3api("put-bucket-encryption", "--server-side-encryption-configuration", JSON.stringify(encrypted));
    await s3api("put-bucket-lifecycle-configuration", "--lifecycle-configuration", JSON.stringify(RULES));
    expect(await s3api("get-bucket-lifecycle-configuration")).toEqual({
      TransitionDefaultMinimumObjectSize: "all_storage_classes_128K",
      ...RULES,
    });

    const image = Buffer.from(randomBytes(100_000).toString("hex"));
    writeFileSync(file("image"), image);
    writeFileSync(file("app"), "an application\n");
    const put = (name: string, content: string, ...more: string[]) =>
      s3api("put-object", "--key", name, "--body", file(content), ...more);
    await put(ARCHIVE_KEY, "image", "--tagging", "Archive=true");
    await put(OLD_KEY, "app");
    await put(OLD_KEY, "app");
    await put(KEPT_KEY, "image");
    const upload = await s3api("create-multipart-upload", "--key", UPLOAD_KEY);
    expect(upload).toMatchObject({ AbortRuleId: "CleanupIncompleteUploads" });
    expect(upload["AbortDate"]).toBeString();

    const said = JSON.parse(await runCommand(program, preview("--output", "json"))) as {
      coming: Coming[];
      summary: Record<string, unknown>;
    };
    expect(said.coming.map(({ key, action, rule }) => [key, action, rule])).toEqual([
      [ARCHIVE_KEY, "transition", "MoveToGlacier"],
      [OLD_KEY, "delete", "DeleteOldVersions"],
      [UPLOAD_KEY, "abort-upload", "CleanupIncompleteUploads"],
    ]);
    expect(said.summary).toMatchObject({ versions: 4, uploads: 1, bytesFreed: 15 });

    const uploads = async () =>
      ((await s3api("list-multipart-uploads"))["Uploads"] as unknown[] | undefined) ?? [];
    expect(await until(uploads, (seen) => seen.length === 0)).toEqual([]);
    const everything = [
      `${ARCHIVE_KEY} STANDARD`,
      `${OLD_KEY} STANDARD`,
      `${OLD_KEY} STANDARD`,
      `${KEPT_KEY} STANDARD`,
    ];
    expect(await versions()).toEqual(everything);
    expect(await until(versions, (seen) => seen.length === 3)).toEqual(everything.toSpliced(1, 1));
    const inGlacier = [`${ARCHIVE_KEY} GLACIER`, ...everything.slice(2)];
    expect(await until(versions, (seen) => seen[0] === inGlacier[0])).toEqual(inGlacier);

    const text = await runCommand(program, preview("--prefix", "releases/"));
    expect(text).toContain("Nothing is coming.\nBytes freed: 0");

    const get = () => refusal("get-object", "--key", ARCHIVE_KEY, file("read"));
    expect(await get()).toContain("(InvalidObjectState)");
    const restore = { Days: 20, GlacierJobParameters: { Tier: "Standard" } };
    await s3api("restore-object", "--key", ARCHIVE_KEY, "--restore-request", JSON.stringify(restore));
    const head = async () => (await s3api("head-object", "--key", ARCHIVE_KEY))["Restore"];
    expect(await until(head, (seen) => String(seen).includes('"false"'))).toStartWith(
      'ongoing-request="false", expiry-date="',
    );
    expect(await get()).toBe("");
    expect(readFileSync(file("read")).equals(image)).toBe(true);
    expect(await until(head, (seen) => seen === undefined)).toBeUndefined();
    expect(await get()).toContain("(InvalidObjectState)");
    expect(await versions()).toEqual(inGlacier);
  }, 900_000);

  test("the command explains itself and what it cannot find", async () => {
    const ask = (...args: string[]) => tryCommand(program, [...before, "lifecycle", ...args]);
    expect((await ask("--help")).stdout).toContain("shosoin lifecycle preview s3://BUCKET");
    expect((await ask("preview", "artifacts")).stderr).toContain("'artifacts' is not s3://BUCKET");
    const none = await ask("preview", "s3://none", "--data", server?.data ?? "");
    expect(none).toMatchObject({ code: 2, stderr: "shosoin: There is no bucket none.\n" });
  }, 60_000);
});
