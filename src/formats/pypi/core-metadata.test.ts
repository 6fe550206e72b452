import { describe, expect, test } from "bun:test";
import { describeMetadata, field, readCoreMetadata } from "./core-metadata.ts";

const read = (text: string) => readCoreMetadata(Buffer.from(text));

describe("core metadata", () => {
  test("fields, lists and the description in the body", () => {
    const description = describeMetadata(
      read(
        [
          "Metadata-Version: 2.4",
          "Name: Example.Project",
          "Version: 1.0",
          "Summary: An example: with a colon",
          "License-Expression: MIT OR Apache-2.0",
          "Project-URL: Source Code, https://example.test/code",
          "Project-URL: homepage, https://example.test/",
          "Requires-Python: >=3.9",
          "Requires-Dist: Typing_Extensions (>=4.0)",
          'Requires-Dist: idna[all]<4,>=2.5 ; python_version < "3.13"',
          "Requires-Dist: certifi",
          "",
          "# Example",
          "",
          "Text.",
        ].join("\r\n"),
      ),
    );
    expect(description).toMatchObject({
      displayName: "Example.Project",
      summary: "An example: with a colon",
      homePage: "https://example.test/",
      sourceCodeRepository: "https://example.test/code",
      licenses: ["MIT OR Apache-2.0"],
      readme: "# Example\n\nText.",
      metadata: { "requires-python": ">=3.9" },
    });
    expect(description.dependencies).toEqual([
      { package: "typing-extensions", dependencyType: "Requires-Dist", versionRequirement: "(>=4.0)" },
      {
        package: "idna",
        dependencyType: "Requires-Dist",
        versionRequirement: '[all]<4,>=2.5 ; python_version < "3.13"',
      },
      { package: "certifi", dependencyType: "Requires-Dist" },
    ]);
  });

  test("a folded description of old tools", () => {
    const metadata = read(
      "Name: a\nVersion: 1\nDescription: First\n        Second\n        \n          Third\nPlatform: any\n",
    );
    expect(metadata.description).toBe("First\nSecond\n\n  Third");
    expect(field(metadata, "platform")).toBe("any");
  });

  test.each([
    ["License :: OSI Approved :: MIT License", ["MIT License"]],
    ["Topic :: Internet", []],
  ])("licences from the classifier %s", (classifier, licenses) =>
    expect(describeMetadata(read(`Name: a\nClassifier: ${classifier}\nLicense: UNKNOWN\n`)).licenses).toEqual(
      licenses,
    ),
  );

  test.each([
    ["no headers", "PK\u0003\u0004"],
    ["a line that is no field", "Name: a\nnonsense\n"],
    ["a folded line at the beginning", " x\nName: a\n"],
  ])("%s is refused", (_, text) => expect(() => read(text)).toThrow("is no field"));

  test("what is not UTF-8 is refused", () =>
    expect(() => readCoreMetadata(Uint8Array.of(0x4e, 0xff, 0xfe))).toThrow("not UTF-8"));
  test("what is larger than 4 MiB is refused", () =>
    expect(() => readCoreMetadata(new Uint8Array(4 * 1024 * 1024 + 1))).toThrow("larger than"));
});
