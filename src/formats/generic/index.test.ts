import { expect, test } from "bun:test";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { genericFormat } from "./index.ts";

test("names and versions of generic packages are kept as they are written", () => {
  expect(genericFormat.normalizeName({ namespace: "Tools", name: "My_Tool.Ünïcode" })).toEqual({
    namespace: "Tools",
    name: "My_Tool.Ünïcode",
  });
  expect(genericFormat.normalizeVersion("1.0-RC_1+Build")).toBe("1.0-RC_1+Build");
});

test("what CodeArtifact's model refuses in a name is refused", () => {
  for (const name of ["", "a b", "a/b", "a#b", "a!", "x".repeat(256)]) {
    expect(() => genericFormat.normalizeName({ namespace: "", name })).toThrow(PackageInvalid);
    expect(() => genericFormat.normalizeVersion(name)).toThrow(PackageInvalid);
  }
  expect(() => genericFormat.normalizeName({ namespace: "a/b", name: "a" })).toThrow(PackageInvalid);
});
