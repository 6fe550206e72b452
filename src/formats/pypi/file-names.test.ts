import { describe, expect, test } from "bun:test";
import { parseFileName, readListedFileName, UNKNOWN_VERSION } from "./file-names.ts";
import { canonicalVersion, normalizeProjectName, normalizeVersion, sameVersion } from "./names.ts";

describe("names of projects", () => {
  test.each([
    ["Django", "django"],
    ["zope.interface", "zope-interface"],
    ["ruamel.yaml__clib", "ruamel-yaml-clib"],
    ["A--.__b", "a-b"],
  ])("%s is stored as %s", (name, normalized) => expect(normalizeProjectName(name)).toBe(normalized));

  test.each(["", "-a", "a-", "a b", "a/b", "..", "ä", "a".repeat(256)])("%p is none", (name) =>
    expect(() => normalizeProjectName(name)).toThrow("is not the name of a Python project"),
  );
});

describe("versions", () => {
  test.each([
    ["1.0", "1.0"],
    ["v1.0-ALPHA.1", "1.0a1"],
    ["1!2.0.post1", "1!2.0.post1"],
    ["1.0+Ubuntu-1", "1.0+ubuntu.1"],
    ["2004D", "2004d"],
  ])("%s is stored as %s", (version, normalized) => expect(normalizeVersion(version)).toBe(normalized));

  test.each(["", "../1", "1 0", "a/b"])("%p is none", (version) =>
    expect(() => normalizeVersion(version)).toThrow("is not a version"),
  );

  test("trailing zeros make no other version", () => {
    expect(sameVersion("1.0", "1.0.0")).toBe(true);
    expect(sameVersion("1.0", "1.0.1")).toBe(false);
    expect(sameVersion("1.0", "1.0.post0")).toBe(false);
    expect(canonicalVersion("1.0.0")).toBe("1.0.0");
  });
});

describe("names of files", () => {
  test.each([
    ["requests-2.32.3-py3-none-any.whl", "wheel", "requests", "2.32.3"],
    ["a_b-1.0-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "wheel", "a_b", "1.0"],
    ["a-1.0+local.1-py3-none-any.whl", "wheel", "a", "1.0+local.1"],
    ["requests-2.32.3.tar.gz", "sdist", "requests", "2.32.3"],
    ["zope.interface-5.0.zip", "sdist", "zope.interface", "5.0"],
    ["python-dateutil-2.9.0.post0.tar.gz", "sdist", "python-dateutil", "2.9.0.post0"],
  ] as const)("%s", (file, kind, project, version) =>
    expect(parseFileName(file)).toEqual({ kind, project, version }),
  );

  test.each([
    "requests-2.32.3.exe",
    "requests.whl",
    "../requests-1.0.tar.gz",
    "requests-1.0-any.whl",
    "requests-.tar.gz",
    ".tar.gz",
    "requests-not_a_version.tar.gz",
    "a b-1.0.tar.gz",
    "a-1.0\n.tar.gz",
    `${"a".repeat(250)}-1.0.tar.gz`,
  ])("%p is not a distribution", (file) => expect(parseFileName(file)).toBeUndefined());

  test.each([
    ["pytz-2004d.tar.gz", "pytz", "2004d"],
    ["pytz-2005.5b-py2.4.egg", "pytz", "2005.5b0"],
    ["lxml-1.3.2.win32-py2.4.exe", "lxml", "1.3.2"],
    ["foo-bar-1.0-beta-2.tar.gz", "foo-bar", "1.0b2"],
    ["something.rpm", "pytz", UNKNOWN_VERSION],
    ["other-1.0.tar.gz", "pytz", UNKNOWN_VERSION],
  ])("%s of an upstream's %s is version %s", (file, project, version) =>
    expect(readListedFileName(file, project).version).toBe(version),
  );
});
