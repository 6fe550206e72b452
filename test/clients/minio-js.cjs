/**
 * minio-js at its defaults: writes, reads and compares; ends with "all the same" or an exception.
 * Arguments: address of the server, access key id, secret, a folder for files.
 */
const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { Client } = require("minio");

const [address, accessKey, secretKey, folder] = process.argv.slice(2);
const url = new URL(address);
const useSSL = url.protocol === "https:";
const s3 = new Client({
  ...{ endPoint: url.hostname, port: Number(url.port), useSSL },
  ...{ accessKey, secretKey, pathStyle: true, partSize: 5 * 1024 * 1024 },
});

async function read(stream) {
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function list(...question) {
  const found = [];
  for await (const entry of s3.listObjects(...question)) found.push(entry);
  return found;
}

async function work() {
  await s3.makeBucket("artifacts", "us-east-1");
  assert.equal(await s3.bucketExists("artifacts"), true);
  assert.equal(await s3.bucketExists("elsewhere"), false);
  assert.deepEqual(
    (await s3.listBuckets()).map(({ name }) => name),
    ["artifacts"],
  );

  // Small ones in one piece, large ones in parts; from a file, a buffer, a stream.
  const contents = {
    small: randomBytes(1000),
    large: randomBytes(12 * 1024 * 1024 + 3),
    empty: Buffer.alloc(0),
  };
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(folder, name), content);
    await s3.fPutObject("artifacts", `files/${name}`, join(folder, name), { "x-amz-meta-commit": "0a1b" });
    await s3.fGetObject("artifacts", `files/${name}`, join(folder, `${name}.back`));
    assert.ok(readFileSync(join(folder, `${name}.back`)).equals(content), name);
    const stat = await s3.statObject("artifacts", `files/${name}`);
    assert.equal(stat.size, content.length);
    assert.equal(stat.metaData.commit, "0a1b");
  }
  // No "+" and no "%": when it lists, minio-js takes them for signs of an encoding.
  await s3.putObject("artifacts", "odd/größe & more.txt", "odd");
  assert.equal(String(await read(s3.getObject("artifacts", "odd/größe & more.txt"))), "odd");
  const range = await read(s3.getPartialObject("artifacts", "files/large", 5_242_870, 20));
  assert.ok(range.equals(contents.large.subarray(5_242_870, 5_242_890)));

  // Lists, as a tree and in full.
  assert.deepEqual((await list("artifacts", "", false)).map(({ prefix }) => prefix).sort(), [
    "files/",
    "odd/",
  ]);
  assert.deepEqual(
    (await list("artifacts", "files/", true)).map(({ name, size }) => [name, size]),
    [
      ["files/empty", 0],
      ["files/large", contents.large.length],
      ["files/small", 1000],
    ],
  );

  // Presigned addresses and a form as a browser would post it.
  const reading = await s3.presignedGetObject("artifacts", "files/small", 60);
  assert.ok(Buffer.from(await (await fetch(reading)).arrayBuffer()).equals(contents.small));
  const writing = await s3.presignedPutObject("artifacts", "presigned", 60);
  assert.equal((await fetch(writing, { method: "PUT", body: "put by address" })).status, 200);
  assert.equal(String(await read(s3.getObject("artifacts", "presigned"))), "put by address");
  const policy = s3.newPostPolicy();
  policy.setBucket("artifacts");
  policy.setKey("posted");
  policy.setExpires(new Date(Date.now() + 60_000));
  policy.setContentLengthRange(1, 100);
  const { postURL, formData } = await s3.presignedPostPolicy(policy);
  const form = new FormData();
  for (const [name, value] of Object.entries(formData)) form.append(name, value);
  form.append("file", new Blob(["posted by form"]));
  assert.equal((await fetch(postURL, { method: "POST", body: form })).status, 204);
  assert.equal(String(await read(s3.getObject("artifacts", "posted"))), "posted by form");

  // Tags, copies, versions.
  await s3.setObjectTagging("artifacts", "posted", { team: "build" });
  assert.deepEqual(await s3.getObjectTagging("artifacts", "posted"), [{ Key: "team", Value: "build" }]);
  await s3.copyObject("artifacts", "copied", "/artifacts/files/large");
  assert.ok((await read(s3.getObject("artifacts", "copied"))).equals(contents.large));
  await s3.setBucketVersioning("artifacts", { Status: "Enabled" });
  assert.equal((await s3.getBucketVersioning("artifacts")).Status, "Enabled");
  const first = await s3.putObject("artifacts", "versioned", "first");
  const second = await s3.putObject("artifacts", "versioned", "second");
  assert.notEqual(first.versionId, second.versionId);
  await s3.removeObject("artifacts", "versioned");
  await assert.rejects(s3.statObject("artifacts", "versioned"), { code: "NotFound" });
  const old = s3.getObject("artifacts", "versioned", { versionId: first.versionId });
  assert.equal(String(await read(old)), "first");

  // All versions go, in as few requests as there are thousands.
  const everything = await list("artifacts", "", true, { IncludeVersion: true });
  await s3.removeObjects(
    "artifacts",
    everything.map(({ name, versionId }) => ({ name, versionId })),
  );
  await s3.removeBucket("artifacts");
  assert.equal(await s3.bucketExists("artifacts"), false);
  console.log("all the same");
}

work().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
