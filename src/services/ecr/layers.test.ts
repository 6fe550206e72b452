import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import pino from "pino";
import { describeOnEachDatabase } from "../../../test/contract/databases.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import {
  ACCOUNT,
  digestOfText,
  named,
  OTHER_ACCOUNT,
  type TestRegistry,
  testRegistry,
  textOf,
} from "./testing/test-registry.ts";

const MEBIBYTE = 1024 * 1024;

describeOnEachDatabase("layers", (databases) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await testRegistry(await databases.fresh());
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const turn = (milliseconds: number) => {
    registry.now = new Date(registry.now.getTime() + milliseconds);
  };

  const stat = (repository: string, content: string) =>
    registry.ecr.registry.statLayer(registry.call(), repository, digestOfText(content));

  async function references(): Promise<string[]> {
    const rows = await registry.metadata.reader.selectFrom("blob_references").select("referrer").execute();
    return rows.map((row) => row.referrer);
  }

  describe("native uploads", () => {
    test("a layer comes in pieces and is read whole and in ranges", async () => {
      await registry.createRepository("chunks");
      const { registry: engine } = registry.ecr;
      const call = registry.call();
      const { uploadId } = await engine.startLayerUpload(call, "chunks");
      expect(
        await engine.appendToLayerUpload(call, "chunks", uploadId, Readable.from([Buffer.from("hel")])),
      ).toBe(3);
      expect(await engine.layerUploadSize(call, "chunks", uploadId)).toBe(3);
      await expect(
        engine.appendToLayerUpload(call, "chunks", uploadId, Readable.from([Buffer.from("lo")]), {
          start: 2,
          end: 3,
        }),
      ).rejects.toEqual(named("OffsetMismatch"));
      await engine.appendToLayerUpload(call, "chunks", uploadId, Readable.from([Buffer.from("lo")]), {
        start: 3,
        end: 4,
      });
      const digest = digestOfText("hello");
      expect(await engine.finishLayerUpload(call, "chunks", uploadId, digest)).toEqual({ size: 5 });
      const layer = await engine.getLayer(call, "chunks", digest);
      expect(await textOf(await layer.open())).toBe("hello");
      expect(await textOf(await layer.open({ start: 1, end: 3 }))).toBe("ell");
    });

    test("an upload belongs to its repository", async () => {
      await registry.createRepository("other");
      const { uploadId } = await registry.ecr.registry.startLayerUpload(registry.call(), "chunks");
      await expect(registry.ecr.registry.layerUploadSize(registry.call(), "other", uploadId)).rejects.toEqual(
        named("UploadNotFound"),
      );
    });

    test("bytes of another digest become no layer", async () => {
      const body = Readable.from([Buffer.from("forged")]);
      const put = registry.ecr.registry.putLayer(registry.call(), "chunks", digestOfText("genuine"), body);
      await expect(put).rejects.toEqual(named("DigestMismatch"));
      await expect(stat("chunks", "genuine")).rejects.toEqual(named("LayersNotFoundException"));
    });
  });

  describe("uploads through the API", () => {
    const begin = async () => {
      const { uploadId } = await registry.api.InitiateLayerUpload(registry.call(), {
        repositoryName: "parts",
      });
      return uploadId ?? "";
    };
    const part = (uploadId: string, partFirstByte: number, layerPartBlob: Uint8Array) =>
      registry.api.UploadLayerPart(registry.call(), {
        repositoryName: "parts",
        uploadId,
        partFirstByte,
        partLastByte: partFirstByte + layerPartBlob.length - 1,
        layerPartBlob,
      });
    const complete = (uploadId: string, layerDigest: string) =>
      registry.api.CompleteLayerUpload(registry.call(), {
        repositoryName: "parts",
        uploadId,
        layerDigests: [layerDigest],
      });

    beforeAll(() => registry.createRepository("parts"));

    test("parts follow each other; what follows wrongly is told the last byte received", async () => {
      const uploadId = await begin();
      const first = Buffer.alloc(5 * MEBIBYTE, "a");
      expect(await part(uploadId, 0, first)).toMatchObject({ lastByteReceived: first.length - 1, uploadId });
      await expect(part(uploadId, 0, first)).rejects.toMatchObject({
        name: "InvalidLayerPartException",
        members: {
          registryId: ACCOUNT,
          repositoryName: "parts",
          uploadId,
          lastValidByteReceived: first.length - 1,
        },
      });
      await part(uploadId, first.length, Buffer.from("b"));
      const digest = digestOfText(`${first.toString()}b`);
      expect(await complete(uploadId, digest)).toEqual({
        registryId: ACCOUNT,
        repositoryName: "parts",
        uploadId,
        layerDigest: digest,
      });
      await expect(complete(uploadId, digest)).rejects.toEqual(named("UploadNotFoundException"));
    });

    test("only the last part may be small", async () => {
      const uploadId = await begin();
      await part(uploadId, 0, Buffer.from("small"));
      await part(uploadId, 5, Buffer.from("er"));
      await expect(complete(uploadId, digestOfText("smaller"))).rejects.toEqual(
        named("LayerPartTooSmallException"),
      );
    });

    test("nothing, the wrong digest, what is there already and unknown uploads have their own errors", async () => {
      const empty = await begin();
      await expect(complete(empty, digestOfText(""))).rejects.toEqual(named("EmptyUploadException"));
      await part(empty, 0, Buffer.from("content"));
      await expect(complete(empty, digestOfText("other"))).rejects.toEqual(named("InvalidLayerException"));
      await complete(empty, digestOfText("content"));
      const again = await begin();
      await part(again, 0, Buffer.from("content"));
      await expect(complete(again, digestOfText("content"))).rejects.toEqual(
        named("LayerAlreadyExistsException"),
      );
      await expect(complete(again, digestOfText("content"))).rejects.toEqual(
        named("UploadNotFoundException"),
      );
      const unknown = "00000000-0000-0000-0000-000000000000";
      await expect(part(unknown, 0, Buffer.from("x"))).rejects.toEqual(named("UploadNotFoundException"));
    });

    test("availability is reported for each digest", async () => {
      const missing = digestOfText("missing");
      const { layers, failures } = await registry.api.BatchCheckLayerAvailability(registry.call(), {
        repositoryName: "parts",
        layerDigests: [digestOfText("content"), missing, "nonsense", ""],
      });
      expect(layers).toMatchObject([
        { layerAvailability: "AVAILABLE", layerSize: 7 },
        { layerDigest: missing, layerAvailability: "UNAVAILABLE" },
      ]);
      expect(failures?.map((failure) => failure.failureCode)).toEqual([
        "InvalidLayerDigest",
        "MissingLayerDigest",
      ]);
    });
  });

  describe("download addresses", () => {
    test("lead to the layer for an hour, whole and in ranges, and to nothing else", async () => {
      await registry.createRepository("download");
      await registry.pushImage("download", "0123456789", "v1");
      const server = createServer((request, response) => {
        const arrival = {
          requestId: "test",
          receivedAt: registry.now,
          signal: new AbortController().signal,
          log: pino({ level: "silent" }),
          note: () => undefined,
          host: {},
          sourceIp: "127.0.0.1",
          secure: false,
          baseUrl: "",
        };
        void registry.ecr.layerDownloadDoor(request, response, arrival);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const { downloadUrl = "" } = await registry.api.GetDownloadUrlForLayer(
          { ...registry.call(), baseUrl },
          { repositoryName: "download", layerDigest: digestOfText("0123456789") },
        );
        const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers });
        expect(await (await get(downloadUrl)).text()).toBe("0123456789");
        const range = await get(downloadUrl, { range: "bytes=2-4" });
        expect([range.status, range.headers.get("content-range"), await range.text()]).toEqual([
          206,
          "bytes 2-4/10",
          "234",
        ]);
        expect((await get(downloadUrl, { range: "bytes=10-" })).status).toBe(416);
        const other = downloadUrl.replace(digestOfText("0123456789"), digestOfText("config of 0123456789"));
        expect((await get(other)).status).toBe(403);
        expect((await get(downloadUrl.replace(/expires=\d+/, "expires=99999999999"))).status).toBe(403);
        turn(3_601_000);
        expect((await get(downloadUrl)).status).toBe(403);
      } finally {
        server.close();
      }
    });

    test("are not given for layers without an image", async () => {
      const loose = await registry.pushLayer("download", "loose");
      const ask = (layerDigest: string) =>
        registry.api.GetDownloadUrlForLayer(registry.call(), { repositoryName: "download", layerDigest });
      await expect(ask(loose)).rejects.toEqual(named("LayerInaccessibleException"));
      await expect(ask(digestOfText("none"))).rejects.toEqual(named("LayersNotFoundException"));
    });
  });

  describe("mounting", () => {
    const mount = (name: string, content: string, from?: string, call = registry.call()) =>
      registry.ecr.registry.mountLayer(call, name, digestOfText(content), from);

    test("brings a layer of a readable repository, named or not, and nothing that is not there", async () => {
      await registry.createRepository("source");
      await registry.createRepository("target");
      await registry.pushLayer("source", "mounted");
      await registry.pushLayer("source", "found");
      expect(await mount("target", "mounted", "source")).toBe(true);
      expect(await mount("target", "found")).toBe(true);
      expect(await stat("target", "mounted")).toEqual({ size: 7 });
      expect(await mount("target", "never pushed", "source")).toBe(false);
      expect(await mount("target", "never pushed")).toBe(false);
      expect(await mount("target", "found", "no-such-repository")).toBe(false);
      expect(await mount("target", "found", "../source")).toBe(false);
    });

    test("does not reach into another account", async () => {
      await registry.api.CreateRepository(registry.call(OTHER_ACCOUNT), { repositoryName: "theirs" });
      expect(await mount("theirs", "mounted", "source", registry.call(OTHER_ACCOUNT))).toBe(false);
      expect(await mount("theirs", "mounted", undefined, registry.call(OTHER_ACCOUNT))).toBe(false);
    });

    test("can be turned off for the registry", async () => {
      const setting = (value: string) =>
        registry.api.PutAccountSetting(registry.call(), { name: "BLOB_MOUNTING", value });
      await registry.pushLayer("source", "later");
      await setting("DISABLED");
      expect(await mount("target", "later", "source")).toBe(false);
      await setting("ENABLED");
      expect(await mount("target", "later", "source")).toBe(true);
    });
  });

  test("a layer whose bytes are lost or damaged is no layer that is there, until it is pushed again", async () => {
    const { ecr, metadata, api } = registry;
    const call = registry.call();
    for (const name of ["hurt", "hurt-mount"]) await registry.createRepository(name);
    const digest = await registry.pushLayer("hurt", "will be hurt");
    await registry.pushImage("hurt", "other layers");
    const layerOf = metadata.reader.selectFrom("ecr_layers").select("blob_id").where("digest", "=", digest);
    const { blob_id: id } = await layerOf.executeTakeFirstOrThrow();
    const harms: readonly ((tx: Transaction) => Promise<unknown>)[] = [
      (tx: Transaction) => tx.deleteFrom("blob_contents").where("blob_id", "=", id).execute(),
      (tx: Transaction) =>
        tx
          .updateTable("blobs")
          .set({ damaged_at: 1, damage: "altered" as const })
          .where("id", "=", id)
          .execute(),
    ];
    for (const harm of harms) {
      await metadata.write(harm);
      await expect(stat("hurt", "will be hurt")).rejects.toEqual(named("LayersNotFoundException"));
      const asked = { repositoryName: "hurt", layerDigests: [digest] };
      const { layers } = await api.BatchCheckLayerAvailability(call, asked);
      expect(layers).toEqual([{ layerDigest: digest, layerAvailability: "UNAVAILABLE" }]);
      expect(await ecr.registry.mountLayer(call, "hurt-mount", digest, "hurt")).toBe(false);
      await registry.pushLayer("hurt", "will be hurt");
      expect(await stat("hurt", "will be hurt")).toEqual({ size: 12 });
      const layer = await ecr.registry.getLayer(call, "hurt", digest);
      expect(await textOf(await layer.open())).toBe("will be hurt");
    }
  });

  test("a deleted repository leaves nothing behind, and its name is free at once", async () => {
    await registry.createRepository("gone");
    await registry.pushImage("gone", "content of gone", "v1");
    const { id } = await registry.metadata.reader
      .selectFrom("ecr_repositories")
      .select("id")
      .where("name", "=", "gone")
      .executeTakeFirstOrThrow();
    await registry.api.DeleteRepository(registry.call(), { repositoryName: "gone", force: true });
    await registry.createRepository("gone");
    await expect(stat("gone", "content of gone")).rejects.toEqual(named("LayersNotFoundException"));
    const job = registry.jobs.find((one) => one.kind === "ecr.purge-repository");
    expect(job?.payload).toEqual({ repositoryId: id });
    await registry.runJob("ecr.purge-repository", job?.payload);
    for (const table of ["ecr_images", "ecr_tags", "ecr_image_layers", "ecr_layers"] as const) {
      const rows = await registry.metadata.reader
        .selectFrom(table)
        .selectAll()
        .where("repository_id", "=", id)
        .execute();
      expect(rows).toEqual([]);
    }
    expect((await references()).filter((referrer) => referrer.includes(id))).toEqual([]);
  });
});
