/** What is kept of upstreams' documents is the same on both databases, and servers that share one share it. */
import { expect, test } from "bun:test";
import { respond } from "../../src/services/codeartifact/upstreams/testing/hostile-upstream.ts";
import {
  keeping,
  NAME,
  openUpstreams,
  testFormat,
  text,
  wanted,
} from "../../src/services/codeartifact/upstreams/testing/open-upstreams.ts";
import { removeUnusedDocumentsHandler } from "../../src/services/codeartifact/upstreams/unused-documents.ts";
import { UpstreamUnavailable } from "../../src/services/codeartifact/upstreams/upstreams.ts";
import { describeOnEachDatabase } from "./databases.ts";

const listing = (version: string) => JSON.stringify({ versions: [{ version, assets: [] }] });

describeOnEachDatabase("documents of upstreams", (databases) => {
  test("another server is told what this one fetched, and what it found changed, withdrawn or useless", async () => {
    await using open = await openUpstreams({ databaseUrl: await databases.fresh() });
    const format = testFormat();
    const versions = async (upstreams = open.restarted()) => {
      const answer = await upstreams.list("acme", format, NAME);
      return answer.listing?.versions.map(({ version }) => version);
    };
    open.upstream.on(
      "/left-pad",
      respond(200, { ETag: '"1"' }, listing("1.0.0")),
      respond(200, { ETag: '"2"' }, listing("2.0.0")),
      respond(304, { "Content-Length": undefined }),
      respond(200, {}, "no listing"),
      respond(200, {}, listing("3.0.0")),
      respond(404),
    );
    expect(await versions()).toEqual(["1.0.0"]);
    expect(await versions()).toEqual(["1.0.0"]);
    expect(open.upstream.count("/left-pad")).toBe(1);
    open.clock.turn(301_000);
    expect(await versions()).toEqual(["2.0.0"]);
    expect(open.upstream.requests.at(-1)?.headers).toMatchObject({ "if-none-match": '"1"' });
    open.clock.turn(301_000);
    expect(await versions()).toEqual(["2.0.0"]);
    await expect(versions()).rejects.toThrow("no usable listing");
    expect(await versions()).toEqual(["3.0.0"]);
    open.clock.turn(301_000);
    expect(await versions()).toBeUndefined();
    expect(await versions()).toBeUndefined();
    expect(open.upstream.count("/left-pad")).toBe(6);
  });

  test("a file is fetched once for all who ask at once, and kept", async () => {
    await using open = await openUpstreams({ databaseUrl: await databases.fresh() });
    open.upstream.on("/file.tgz", respond(200, {}, "bytes"));
    const { commit } = keeping(open.blobs);
    const ask = async (place: string) => {
      const fetched = await open.upstreams.fetchAsset(wanted(open.upstream, {}, { place }), commit);
      const bytes = await text(fetched?.stream());
      await fetched?.stored;
      return bytes;
    };
    const places = Array.from({ length: 20 }, (_, index) => `place ${index % 5}`);
    expect(new Set(await Promise.all(places.map(ask)))).toEqual(new Set(["bytes"]));
    expect(open.upstream.count("/file.tgz")).toBe(1);
  });

  test("a document that nobody asked for in a quarter is removed; one in use stays, also while its upstream is down", async () => {
    await using open = await openUpstreams({ databaseUrl: await databases.fresh() });
    const job = removeUnusedDocumentsHandler(open);
    const clean = () =>
      job.run({ id: "1", kind: job.kind, payload: null, attempt: 1, signal: new AbortController().signal });
    const kept = async () => {
      const rows = await open.metadata.reader
        .selectFrom("codeartifact_upstream_documents")
        .select("url")
        .orderBy("url")
        .execute();
      return rows.map(({ url }) => new URL(url).pathname);
    };
    const unused = Array.from({ length: 45 }, (_, index) => `/unused-${index}`);
    for (const path of [...unused, "/used", "/unchanged"])
      open.upstream.on(path, respond(200, { ETag: '"1"' }, listing("1.0.0")));
    const ask = (name: string, upstreams = open.upstreams) =>
      upstreams.list("acme", testFormat(), { namespace: "", name });
    for (const path of unused) await ask(path.slice(1));
    await ask("used");
    await ask("unchanged");
    await clean();
    expect(await kept()).toHaveLength(47);

    open.upstream.on("/unchanged", respond(304, { "Content-Length": undefined }));
    open.clock.turn(60 * 86_400_000);
    await ask("unchanged");
    open.upstream.down = true;
    expect(await ask("used")).toMatchObject({ stale: true });
    open.clock.turn(60 * 86_400_000);
    await clean();
    expect(await kept()).toEqual(["/unchanged", "/used"]);
    expect(await ask("used", open.restarted())).toMatchObject({ stale: true });
    await expect(ask("unused-0", open.restarted())).rejects.toThrow(UpstreamUnavailable);

    open.clock.turn(91 * 86_400_000);
    await clean();
    expect(await kept()).toEqual([]);
  });
});
