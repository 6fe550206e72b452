import { describe, expect, test } from "bun:test";
import type { PackageView, VersionView } from "../../services/codeartifact/engine.ts";
import { describeMetadata, type NuGetMetadata } from "./nuspec.ts";
import { registrationIndex, registrationLeaf, registrationPage } from "./registration.ts";
import type { Hive } from "./route.ts";

const baseUrl = "https://packages.example/nuget/team/";

function version(
  written: string,
  stored: string,
  more: Partial<NuGetMetadata> & { unlisted?: true } = {},
): VersionView {
  const metadata = {
    id: "Acme.Core",
    version: written,
    tags: [],
    packageTypes: [],
    dependencyGroups: [],
    ...more,
  };
  return {
    version: stored,
    status: more.unlisted ? "Unlisted" : "Published",
    publishedAt: Date.UTC(2026, 0, 2),
    revision: "r",
    origin: "INTERNAL",
    description: describeMetadata(metadata, undefined),
    assets: [],
  };
}

function view(...versions: VersionView[]): PackageView {
  return { name: { namespace: "", name: "acme.core" }, versions, tags: {}, metadata: {}, stale: false };
}

interface Page {
  readonly "@id": string;
  readonly lower: string;
  readonly upper: string;
  readonly items?: readonly {
    readonly catalogEntry: { readonly version: string; readonly listed: boolean };
  }[];
}

function versionsIn(shown: PackageView, hive: Hive) {
  const index = registrationIndex(shown, { baseUrl, hive }) as { items: readonly Page[] } | undefined;
  return index?.items.flatMap((page) => page.items ?? []).map(({ catalogEntry }) => catalogEntry.version);
}

test("versions come in NuGet's order, as their author wrote them", () => {
  const shown = view(
    version("1.10.0", "1.10.0"),
    version("1.2.0-RC.1+7", "1.2.0-rc.1"),
    version("1.2", "1.2.0"),
  );
  expect(versionsIn(shown, "registration-gz-semver2")).toEqual(["1.2.0-RC.1+7", "1.2.0", "1.10.0"]);
});

describe("clients that do not know SemVer 2.0.0", () => {
  const dependencyGroups = [{ dependencies: [{ id: "Base", range: "[1.0.0-beta.1, )" }] }];
  test("are not shown what needs it, by its own number or by a dependency's", () => {
    const shown = view(
      version("1.0.0", "1.0.0"),
      version("1.1.0-beta", "1.1.0-beta"),
      version("1.1.0-beta.1", "1.1.0-beta.1"),
      version("1.2.0", "1.2.0", { dependencyGroups }),
    );
    expect(versionsIn(shown, "registration")).toEqual(["1.0.0", "1.1.0-beta"]);
    expect(versionsIn(shown, "registration-gz")).toEqual(["1.0.0", "1.1.0-beta"]);
    expect(versionsIn(shown, "registration-gz-semver2")?.length).toBe(4);
  });
  test("do not know the package when nothing is left", () => {
    expect(
      registrationIndex(view(version("1.0.0+x", "1.0.0")), { baseUrl, hive: "registration" }),
    ).toBeUndefined();
  });
});

test("many versions are in pages of their own, each found at the address the index gives", () => {
  const versions = Array.from({ length: 150 }, (_, minor) => version(`1.${minor}.0`, `1.${minor}.0`));
  const addresses = { baseUrl, hive: "registration-gz-semver2" as const };
  const index = registrationIndex(view(...versions), addresses) as { count: number; items: readonly Page[] };
  expect(index.items.map(({ lower, upper, items }) => [lower, upper, items])).toEqual([
    ["1.0.0", "1.63.0", undefined],
    ["1.64.0", "1.127.0", undefined],
    ["1.128.0", "1.149.0", undefined],
  ]);
  expect(index.items[1]?.["@id"]).toBe(
    `${baseUrl}v3/registration-gz-semver2/acme.core/page/1.64.0/1.127.0.json`,
  );
  const page = registrationPage(view(...versions), "1.64.0", "1.127.0", addresses) as Page;
  expect(page.items?.length).toBe(64);
  expect(registrationPage(view(...versions), "1.64.0", "1.70.0", addresses)).toBeUndefined();
});

test("an unlisted version is said to be so, and stays to be had", () => {
  const shown = view(version("1.0.0", "1.0.0"), version("2.0.0", "2.0.0", { unlisted: true }));
  const addresses = { baseUrl, hive: "registration" as const };
  expect(registrationLeaf(shown, "2.0.0", addresses)).toMatchObject({
    listed: false,
    published: "1900-01-01T00:00:00+00:00",
    packageContent: `${baseUrl}v3/flatcontainer/acme.core/2.0.0/acme.core.2.0.0.nupkg`,
  });
  expect(registrationLeaf(shown, "3.0.0", addresses)).toBeUndefined();
});
