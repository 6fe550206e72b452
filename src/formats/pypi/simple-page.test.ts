import { describe, expect, test } from "bun:test";
import type { AssetView, PackageView } from "../../services/codeartifact/engine.ts";
import { choosePage } from "./negotiation.ts";
import { renderIndexHtml, renderIndexJson, renderProjectHtml, renderProjectJson } from "./simple-page.ts";
import { readUpstreamPage } from "./upstream-page.ts";

const sha256 = "a".repeat(64);
const URL_OF_SIMPLE = "http://localhost/x/simple/";
const NOTHING = { metadata: {}, licenses: [], dependencies: [] };

function asset(name: string, metadata: AssetView["metadata"] = {}, size: number | undefined = 10): AssetView {
  return { name, size, hashes: { sha256 }, metadata, stored: true };
}

function view(assets: readonly AssetView[], metadata: PackageView["metadata"] = {}): PackageView {
  const version = {
    publishedAt: 0,
    revision: "r",
    origin: "INTERNAL",
    description: NOTHING,
    assets,
  } as const;
  return {
    name: { namespace: "", name: "a-b" },
    versions: [
      { ...version, version: "1!1.0+x.1", status: "Published" },
      { ...version, version: "2.0", status: "Unlisted", assets: [asset("a_b-2.0.tar.gz")] },
    ],
    tags: {},
    metadata,
    stale: false,
  };
}

describe("a project's page", () => {
  const whole = view(
    [
      asset("a_b-1!1.0+x.1-py3-none-any.whl", {
        "requires-python": ">=3.8,<4",
        "upload-time": "2026-01-01T00:00:00Z",
        "core-metadata": { sha256: "b".repeat(64) },
        provenance: true,
        yanked: 'broken & "bad"',
      }),
      asset("a_b-1!1.0+x.1.tar.gz"),
    ],
    { "project-status": { status: "archived", reason: "old" } },
  );

  test("as JSON", () => {
    expect(JSON.parse(renderProjectJson(whole, URL_OF_SIMPLE))).toEqual({
      meta: { "api-version": "1.4" },
      name: "a-b",
      "project-status": { status: "archived", reason: "old" },
      versions: ["1!1.0+x.1"],
      files: [
        {
          filename: "a_b-1!1.0+x.1-py3-none-any.whl",
          url: "1!1.0%2Bx.1/a_b-1!1.0%2Bx.1-py3-none-any.whl",
          hashes: { sha256 },
          size: 10,
          "upload-time": "2026-01-01T00:00:00Z",
          "requires-python": ">=3.8,<4",
          yanked: 'broken & "bad"',
          "core-metadata": { sha256: "b".repeat(64) },
          "dist-info-metadata": { sha256: "b".repeat(64) },
          provenance: "http://localhost/x/simple/a-b/1!1.0%2Bx.1/a_b-1!1.0%2Bx.1-py3-none-any.whl.provenance",
        },
        {
          filename: "a_b-1!1.0+x.1.tar.gz",
          url: "1!1.0%2Bx.1/a_b-1!1.0%2Bx.1.tar.gz",
          hashes: { sha256 },
          size: 10,
          yanked: false,
        },
      ],
    });
  });

  test.each([
    ["JSON", "application/vnd.pypi.simple.v1+json", renderProjectJson],
    ["HTML", "text/html", renderProjectHtml],
  ])("as %s is understood by another index", (_, type, render) => {
    const page = readUpstreamPage(render(whole, URL_OF_SIMPLE), type, `${URL_OF_SIMPLE}a-b/`);
    expect(page.status).toEqual({ status: "archived", reason: "old" });
    expect(page.files.map(({ name }) => name)).toEqual([
      "a_b-1!1.0+x.1-py3-none-any.whl",
      "a_b-1!1.0+x.1.tar.gz",
    ]);
    expect(page.files[0]).toMatchObject({
      url: "http://localhost/x/simple/a-b/1!1.0%2Bx.1/a_b-1!1.0%2Bx.1-py3-none-any.whl",
      integrity: { sha256 },
      metadata: {
        "requires-python": ">=3.8,<4",
        yanked: 'broken & "bad"',
        "core-metadata": { sha256: "b".repeat(64) },
      },
    });
  });

  test("a name can break out of no HTML", () => {
    const html = renderProjectHtml(
      view([asset("a.whl", { "requires-python": '"><script>' })]),
      URL_OF_SIMPLE,
    );
    expect(html).not.toContain("<script>");
  });

  test("claims no newer API than its files can fill", () => {
    const page = JSON.parse(
      renderProjectJson(view([{ ...asset("a.tar.gz"), size: undefined }]), URL_OF_SIMPLE),
    );
    expect(page.meta["api-version"]).toBe("1.0");
  });
});

test("the index of all projects", () => {
  expect(JSON.parse(renderIndexJson(["a-b"]))).toMatchObject({ projects: [{ name: "a-b" }] });
  expect(renderIndexHtml(["a-b"])).toContain('<a href="a-b/">a-b</a>');
});

describe("the form of a page", () => {
  test.each([
    [undefined, "text-html"],
    ["", "text-html"],
    ["*/*", "text-html"],
    ["text/*", "text-html"],
    ["application/vnd.pypi.simple.v1+json", "json"],
    // pip
    [
      "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
      "json",
    ],
    // uv
    [
      "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
      "json",
    ],
    ["application/vnd.pypi.simple.v1+html", "html"],
    ["application/vnd.pypi.simple.latest+json", "json"],
    ["text/html, application/vnd.pypi.simple.v1+json;q=0.5", "text-html"],
    ["text/html;q=0, */*;q=0.1", "json"],
    ["application/vnd.pypi.simple.v2+json, */*;q=0.01", "text-html"],
    ["application/vnd.pypi.simple.v2+json", undefined],
    ["application/json", undefined],
    ["text/html;q=0", undefined],
  ] as const)("Accept %p gets %p", (accept, form) => expect(choosePage(accept)).toBe(form));

  test("the address may name it", () => {
    expect(choosePage("text/html", "application/vnd.pypi.simple.v1+json")).toBe("json");
    expect(choosePage("text/html", "application/nonsense")).toBeUndefined();
  });
});

describe("an upstream's page", () => {
  test("is read as old indexes write it", () => {
    const html = `<html><body><!-- <a href="no-1.0.tar.gz">no</a> -->
      <A HREF='../../files/a-1.0.tar.gz#md5=${"C".repeat(32)}' rel="internal">a</A>
      <a href=a-1.1.tar.gz data-requires-python="&gt;=3.6" data-yanked>a-1.1</a>
      <abbr href="a-9.tar.gz">x</abbr><a name="x">no link</a><a href="javascript:a-1.tar.gz">x</a><a href="..">up</a>`;
    const { files } = readUpstreamPage(html, "text/html; charset=utf-8", "https://example.test/simple/a/");
    expect(files).toEqual([
      {
        name: "a-1.0.tar.gz",
        url: "https://example.test/files/a-1.0.tar.gz",
        integrity: { md5: "c".repeat(32) },
        metadata: {},
      },
      {
        name: "a-1.1.tar.gz",
        url: "https://example.test/simple/a/a-1.1.tar.gz",
        integrity: {},
        metadata: { "requires-python": ">=3.6", yanked: true },
      },
    ]);
  });

  test("entries that make no sense are left out", () => {
    const files = [
      null,
      { filename: "../evil.whl", url: "https://example.test/evil" },
      { filename: "a-1.0.tar.gz", url: "file:///etc/passwd" },
      { filename: "a-1.0.tar.gz" },
      { filename: "b-1.0.tar.gz", url: "b-1.0.tar.gz", size: -1, hashes: { sha256: "short" }, yanked: 7 },
    ];
    const page = readUpstreamPage(
      JSON.stringify({ files }),
      "application/vnd.pypi.simple.v1+json",
      "https://example.test/b/",
    );
    expect(page.files).toEqual([
      { name: "b-1.0.tar.gz", url: "https://example.test/b/b-1.0.tar.gz", integrity: {}, metadata: {} },
    ]);
  });

  test.each([
    ["JSON that is none", "application/json", "{"],
    ["JSON without files", "application/json", "{}"],
    ["another major version", "application/json", '{"meta":{"api-version":"2.0"},"files":[]}'],
    ["another major version of HTML", "text/html", '<meta name="pypi:repository-version" content="2.0">'],
    ["another type", "image/png", ""],
  ])("%s is refused", (_, type, text) =>
    expect(() => readUpstreamPage(text, type, "https://example.test/")).toThrow(/^its? /),
  );
});
