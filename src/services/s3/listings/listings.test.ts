import { afterAll, beforeAll, expect, test } from "bun:test";
import { createQueryId, type RootOperationNode, sql } from "kysely";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import { authorize } from "../../../identity/authorize.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import { openMetadata } from "../../../storage/metadata/open.ts";
import type { S3Context } from "../context.ts";
import { migrations } from "../migrations.ts";
import { storedKey } from "../object-key.ts";
import { makeVersionId } from "../objects/version-id.ts";
import type { S3VersionsTable } from "../tables.ts";
import { listObjects, listObjectsV2 } from "./list-objects.ts";
import { listObjectVersions } from "./list-versions.ts";
import {
  ACCOUNT,
  byBytes,
  call,
  decode,
  expected,
  names,
  PIECES,
  REGION,
  randomNumbers,
  read,
  type TestVersion,
} from "./testing/model-listing.ts";

describeOnEachDatabase("what a bucket lists", (databases) => {
  let metadata: Metadata;
  let s3: S3Context;
  let keys: string[];
  let versions: TestVersion[];

  beforeAll(async () => {
    metadata = await openMetadata(await databases.fresh(), migrations);
    s3 = {
      metadata,
      authorize,
      secrets: { key: async () => Buffer.alloc(32, 7) },
    } as unknown as S3Context;
    const random = randomNumbers(20261124);
    const all = new Set<string>();
    while (all.size < 400) {
      let key = "";
      for (let length = 1 + random(6); length > 0; length--) key += PIECES[random(PIECES.length)];
      all.add(key);
    }
    const rows: S3VersionsTable[] = [];
    versions = [];
    for (const key of [...all].sort(byBytes)) {
      const count = 1 + random(4);
      for (let age = 0; age < count; age++) {
        const rank = 1000 + age;
        const marker = random(4) === 0;
        const versionId = random(8) === 0 && age === count - 1 ? "null" : makeVersionId(rank);
        versions.push({ key, versionId, marker, latest: age === 0 });
        rows.push({
          id: `${rows.length}`,
          bucket_id: "bucket",
          key: storedKey(key),
          rank,
          version_id: versionId,
          delete_marker: marker ? 1 : 0,
          listed: age === 0 && !marker ? 1 : 0,
          size: rows.length,
          etag: "d41d8cd98f00b204e9800998ecf8427e",
          blob_id: null,
          part_count: 0,
          storage_class: "STANDARD",
          description: JSON.stringify({
            headers: {},
            metadata: { checksum: '"checksum":{' },
            checksum: { algorithm: "CRC64NVME", value: "AAAAAAAAAAA=", type: "FULL_OBJECT" },
            encryption: { kind: "AES256", scope: "server" },
          }),
          tags: "",
          created_at: 1_700_000_000_123,
          noncurrent_since: age === 0 ? null : 1,
          retention_mode: "",
          retain_until: null,
          legal_hold: 0,
          restored_until: [null, 0, 1_800_000_000_000][rows.length % 3] ?? null,
        });
      }
    }
    keys = versions.filter(({ latest, marker }) => latest && !marker).map(({ key }) => key);
    await metadata.write(async (tx) => {
      for (const [id, name] of [
        ["bucket", "listed"],
        ["other", "other"],
        ["folders", "folders"],
      ] as const)
        await tx
          .insertInto("s3_buckets")
          .values({
            id,
            name,
            account: ACCOUNT,
            region: REGION,
            created_at: 0,
            versioning: "Enabled",
            settings: "{}",
            revision: 1,
          })
          .execute();
      // Another bucket's rows, before and behind: none of them may be seen.
      const other = rows.map((row) => ({ ...row, id: `other-${row.id}`, bucket_id: "other" }));
      for (let at = 0; at < rows.length; at += 100)
        await tx
          .insertInto("s3_versions")
          .values([...rows.slice(at, at + 100), ...other.slice(at, at + 100)])
          .execute();
    });
  }, 60_000);
  afterAll(() => metadata.close());

  test("is each key once, in the order of UTF-8 bytes, page by page, whatever prefix and delimiter", async () => {
    const random = randomNumbers(4);
    for (let round = 0; round < 30; round++) {
      const some = keys[random(keys.length)] ?? "";
      const prefix = round % 3 === 0 ? "" : [...some].slice(0, random(3)).join("");
      const delimiter =
        round % 4 === 0 ? "" : (PIECES[random(PIECES.length)] ?? "") + (round % 5 === 0 ? "a" : "");
      const marker = round % 2 === 0 ? "" : (keys[random(keys.length)] ?? "");
      const MaxKeys = 1 + random(40);
      const input = {
        Bucket: "listed",
        Prefix: prefix,
        Delimiter: delimiter,
        MaxKeys,
        EncodingType: "url",
      } as const;
      const wanted = expected(keys, prefix, delimiter, marker);

      const first: string[] = [];
      let Marker = marker;
      for (;;) {
        const page = await read(listObjects(s3, call, { ...input, Marker }));
        const found = names(page);
        first.push(...found);
        expect(found.length).toBeLessThanOrEqual(MaxKeys);
        if (page["IsTruncated"] === "false") break;
        expect(found.length).toBe(MaxKeys);
        expect(page["NextMarker"] === undefined).toBe(delimiter === "");
        Marker = delimiter === "" ? (found.at(-1) ?? "") : decode(page["NextMarker"]);
      }
      expect(first).toEqual(wanted);

      const second: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await read(listObjectsV2(s3, call, { ...input, StartAfter: marker, ContinuationToken }));
        second.push(...names(page));
        expect(page["KeyCount"]).toBe(String(names(page).length));
        ContinuationToken = page["NextContinuationToken"];
        expect(ContinuationToken === undefined).toBe(page["IsTruncated"] === "false");
      } while (ContinuationToken !== undefined);
      expect(second).toEqual(wanted);
    }
  }, 60_000);

  test("is every version and delete marker, newest first within a key, page by page", async () => {
    const random = randomNumbers(5);
    for (let round = 0; round < 15; round++) {
      const some = versions[random(versions.length)]?.key ?? "";
      const prefix = round % 3 === 0 ? "" : [...some].slice(0, random(3)).join("");
      const delimiter = round % 2 === 0 ? "" : (PIECES[random(PIECES.length)] ?? "");
      const seen: string[] = [];
      const prefixes: string[] = [];
      let KeyMarker: string | undefined;
      let VersionIdMarker: string | undefined;
      const MaxKeys = 1 + random(30);
      for (;;) {
        const page = await read(
          listObjectVersions(s3, call, {
            Bucket: "listed",
            Prefix: prefix,
            Delimiter: delimiter,
            MaxKeys,
            EncodingType: "url",
            KeyMarker,
            VersionIdMarker,
          }),
        );
        const found = [...(page.Version ?? []), ...(page.DeleteMarker ?? [])];
        for (const entry of found)
          seen.push(`${decode(entry["Key"])} ${entry["VersionId"]} ${entry["IsLatest"]}`);
        prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => decode(Prefix)));
        if (page["IsTruncated"] === "false") break;
        expect(found.length + (page.CommonPrefixes?.length ?? 0)).toBe(MaxKeys);
        KeyMarker = decode(page["NextKeyMarker"]);
        VersionIdMarker = page["NextVersionIdMarker"];
      }
      const below = (key: string) => delimiter !== "" && key.indexOf(delimiter, prefix.length) >= 0;
      const wanted = versions
        .filter(({ key }) => key.startsWith(prefix) && !below(key))
        .map(({ key, versionId, latest }) => `${key} ${versionId} ${latest}`);
      expect(seen.sort()).toEqual(wanted.sort());
      const all = [...new Set(versions.map(({ key }) => key))];
      expect(prefixes).toEqual(expected(all, prefix, delimiter, "").filter((name) => below(name)));
    }
  }, 60_000);

  test("says of each object what a client needs to know without asking again", async () => {
    const page = await read(listObjects(s3, call, { Bucket: "listed", MaxKeys: 3, EncodingType: "url" }));
    expect(page).toMatchObject({ Name: "listed", Prefix: "", Marker: "", MaxKeys: "3", IsTruncated: "true" });
    expect(page.Contents?.[0]).toMatchObject({
      LastModified: "2023-11-14T22:13:20.000Z",
      ETag: '"d41d8cd98f00b204e9800998ecf8427e"',
      ChecksumAlgorithm: "CRC64NVME",
      ChecksumType: "FULL_OBJECT",
      StorageClass: "STANDARD",
      Owner: { ID: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(page.Contents?.[0]).not.toHaveProperty("RestoreStatus");

    const second = await read(
      listObjectsV2(s3, call, { Bucket: "listed", OptionalObjectAttributes: ["RestoreStatus"] }),
    );
    const states = (second.Contents ?? []).map((entry) => entry["RestoreStatus"]);
    expect(states).toContain(undefined as never);
    expect(states).toContainEqual({ IsRestoreInProgress: "true" } as never);
    expect(states).toContainEqual({
      IsRestoreInProgress: "false",
      RestoreExpiryDate: "2027-01-15T08:00:00.000Z",
    } as never);
    expect(second.Contents?.[0]).not.toHaveProperty("Owner");
    const owned = await read(listObjectsV2(s3, call, { Bucket: "listed", FetchOwner: true }));
    expect(owned.Contents?.[0]).toHaveProperty("Owner");
  });

  test("repeats what was asked for in the way in which clients read it", async () => {
    const asked = { Bucket: "listed", Prefix: "\n&<\u0001", EncodingType: "url" } as const;
    const first = await listObjects(s3, call, { ...asked, Marker: "a b" });
    expect(first.xml).toContain("<Prefix>&#xa;&amp;&lt;&#x1;</Prefix><Marker>a%20b</Marker>");
    const second = await listObjectsV2(s3, call, { ...asked, StartAfter: "a/+" });
    expect(second.xml).toContain("<Prefix>%0A%26%3C%01</Prefix><StartAfter>a/%2B</StartAfter>");
    expect(second.xml).not.toContain("Delimiter");
  });

  test("has no more than 1,000 entries a page, and none where none is asked for", async () => {
    const many = await read(listObjects(s3, call, { Bucket: "listed", MaxKeys: 5000 }));
    expect(many["MaxKeys"]).toBe("1000");
    const none = await read(listObjectsV2(s3, call, { Bucket: "listed", MaxKeys: 0 }));
    expect(none).toMatchObject({ MaxKeys: "0", KeyCount: "0", IsTruncated: "false" });
    await expect(listObjects(s3, call, { Bucket: "listed", MaxKeys: -1 })).rejects.toMatchObject({
      name: "InvalidArgument",
    });
  });

  test("cannot be continued with a token that was changed or belongs to another bucket", async () => {
    const page = await read(listObjectsV2(s3, call, { Bucket: "listed", MaxKeys: 1 }));
    const token = page["NextContinuationToken"] ?? "";
    const wrong = [token.slice(0, -1), `${token}A`, "null", Buffer.from("a").toString("base64")];
    for (const ContinuationToken of wrong)
      await expect(listObjectsV2(s3, call, { Bucket: "listed", ContinuationToken })).rejects.toMatchObject({
        name: "InvalidArgument",
      });
    await expect(
      listObjectsV2(s3, call, { Bucket: "other", ContinuationToken: token }),
    ).rejects.toMatchObject({ name: "InvalidArgument" });
  });

  test("of versions cannot begin at a version without a key, or at one that never was", async () => {
    const id = versions[0]?.versionId;
    for (const input of [{ VersionIdMarker: id }, { KeyMarker: "a", VersionIdMarker: "never" }])
      await expect(listObjectVersions(s3, call, { Bucket: "listed", ...input })).rejects.toMatchObject({
        name: "InvalidArgument",
      });
  });

  test("goes on where the version that the last page ended with is deleted meanwhile", async () => {
    const sorted = versions.filter(({ versionId }) => versionId !== "null");
    const gone = sorted.find(({ latest }) => latest);
    const next = sorted.find(({ key, latest }) => key === gone?.key && !latest);
    const page = await read(
      listObjectVersions(s3, call, {
        Bucket: "listed",
        KeyMarker: gone?.key,
        VersionIdMarker: makeVersionId(1000),
        MaxKeys: 1,
      }),
    );
    const entry = page.Version?.[0] ?? page.DeleteMarker?.[0];
    if (next !== undefined) expect(entry?.["VersionId"]).toBe(next.versionId);
  });

  test("is found along an index, without sorting", async () => {
    if (databases.kind === "postgres") await metadata.write((tx) => sql`analyze s3_versions`.execute(tx));
    const asked: RootOperationNode[] = [];
    const reader = metadata.reader.withPlugin({
      transformQuery: ({ node }) => {
        asked.push(node);
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const watched = { ...s3, metadata: { ...metadata, reader } };
    await listObjects(watched, call, { Bucket: "listed", Marker: "b", MaxKeys: 10 });
    await listObjects(watched, call, { Bucket: "listed", Prefix: "b", Delimiter: "/", MaxKeys: 10 });
    await listObjectVersions(watched, call, {
      Bucket: "listed",
      KeyMarker: "b",
      VersionIdMarker: makeVersionId(1000),
      MaxKeys: 10,
    });
    const plans: string[] = [];
    for (const node of asked) {
      const query = metadata.reader.getExecutor().compileQuery(node, createQueryId());
      if (!query.sql.includes("s3_versions")) continue;
      const explain = databases.kind === "sqlite" ? "explain query plan" : "explain";
      const { rows } = await metadata.write((tx) =>
        tx.executeQuery({ ...query, sql: `${explain} ${query.sql}` }),
      );
      plans.push(JSON.stringify(rows));
    }
    expect(plans.length).toBeGreaterThan(2);
    for (const plan of plans) {
      expect(plan).toMatch(/s3_versions_(listed|order)/);
      expect(plan).not.toMatch(/TEMP B-TREE|Sort|Seq Scan/i);
    }
    expect(plans[0]).toContain("s3_versions_listed");
  });

  test("is right where many folders have many keys each, with others between them", async () => {
    const [template] = await metadata.reader.selectFrom("s3_versions").selectAll().limit(1).execute();
    if (template === undefined) throw new Error("no rows");
    const all: string[] = [];
    for (let folder = 0; folder < 60; folder++) {
      const name = `a\u{1f600}${String(folder).padStart(2, "0")}`;
      for (let key = 0; key < 15; key++) all.push(`${name}//${key}`, `${name}/${key}`);
      if (folder % 3 === 0) all.push(name, `${name}-`, `${name}0\u0001`, `${name}é`);
    }
    all.sort(byBytes);
    await metadata.write(async (tx) => {
      for (let at = 0; at < all.length; at += 500)
        await tx
          .insertInto("s3_versions")
          .values(
            all.slice(at, at + 500).map((key, number) => ({
              ...template,
              ...{ id: `folders-${at + number}`, bucket_id: "folders", key: storedKey(key) },
              ...{ listed: 1, delete_marker: 0 },
            })),
          )
          .execute();
    });
    for (const [prefix, delimiter] of [
      ["", "/"],
      ["", "//"],
      ["a\u{1f600}", "/"],
      ["a\u{1f600}0", "/"],
      ["a\u{1f600}03/", "/"],
      ["", "\u{1f600}"],
      ["", "\u0001"],
    ] as const)
      for (const MaxKeys of [1000, 17]) {
        const found: string[] = [];
        let ContinuationToken: string | undefined;
        do {
          const asked = { Bucket: "folders", Prefix: prefix, Delimiter: delimiter, MaxKeys } as const;
          const page = await read(
            listObjectsV2(s3, call, { ...asked, EncodingType: "url", ContinuationToken }),
          );
          found.push(...names(page));
          ContinuationToken = page["NextContinuationToken"];
        } while (ContinuationToken !== undefined);
        expect(found).toEqual(expected(all, prefix, delimiter, ""));
      }
  });
});
