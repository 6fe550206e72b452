import { describe, expect, test } from "bun:test";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { checkPom, parsePom } from "./pom.ts";

const bytes = (text: string) => Buffer.from(text);

test("what a POM says of its package", () => {
  const { coordinates, description } = parsePom(
    bytes(`<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>7</version></parent>
  <artifactId>lib</artifactId>
  <version>1.0</version>
  <packaging>bundle</packaging>
  <name>Lib &amp; more &#233;</name>
  <description><![CDATA[Does <everything>.]]></description>
  <url>https://example.org/lib</url>
  <scm><url>https://example.org/lib.git</url></scm>
  <licenses><license><name>Apache-2.0</name></license><license><url>https://example.org/own</url></license></licenses>
  <properties><a.version>\${b.version}</a.version><b.version>2.5</b.version></properties>
  <dependencyManagement><dependencies>
    <dependency><groupId>managed</groupId><artifactId>managed</artifactId><version>1</version></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>g</groupId><artifactId>a</artifactId><version>\${a.version}</version></dependency>
    <dependency><groupId>\${project.groupId}</groupId><artifactId>b</artifactId><version>\${unknown}</version><scope>test</scope></dependency>
    <dependency><groupId>g</groupId><artifactId>c</artifactId><optional>true</optional></dependency>
  </dependencies>
</project>`),
  );
  expect(coordinates).toEqual({ groupId: "org.example", artifactId: "lib", version: "1.0" });
  expect(description).toEqual({
    metadata: { packaging: "bundle" },
    displayName: "Lib & more é",
    summary: "Does <everything>.",
    homePage: "https://example.org/lib",
    sourceCodeRepository: "https://example.org/lib.git",
    licenses: ["Apache-2.0", "https://example.org/own"],
    dependencies: [
      { namespace: "org.example", package: "parent", dependencyType: "parent", versionRequirement: "7" },
      { namespace: "g", package: "a", dependencyType: "compile", versionRequirement: "2.5" },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a property nobody here defines stays as it is
      { namespace: "org.example", package: "b", dependencyType: "test", versionRequirement: "${unknown}" },
      { namespace: "g", package: "c", dependencyType: "optional" },
    ],
  });
});

test("a POM in ISO-8859-1 is read as such", () => {
  const text = '<?xml version="1.0" encoding="ISO-8859-1"?><project><name>Müller</name></project>';
  expect(parsePom(Buffer.from(text, "latin1")).description.displayName).toBe("Müller");
});

describe("a hostile POM is refused", () => {
  test.each([
    ["not XML", "PK\u0003\u0004"],
    ["another document", "<metadata/>"],
    ["cut off", "<project><name>x"],
    ["an entity", '<!DOCTYPE project [<!ENTITY x "y">]><project><name>&x;</name></project>'],
    ["an external entity", '<!DOCTYPE project SYSTEM "file:///etc/passwd"><project/>'],
    ["nested without end", `<project>${"<a>".repeat(5000)}${"</a>".repeat(5000)}</project>`],
    ["a name that every object has", "<project><__proto__><polluted>1</polluted></__proto__></project>"],
    ["an encoding nobody needs", '<?xml version="1.0" encoding="UTF-7"?><project/>'],
  ])("%s", (_, text) => {
    expect(() => parsePom(bytes(text))).toThrow(PackageInvalid);
  });

  test("bytes that are no UTF-8", () => {
    expect(() => parsePom(Buffer.from([...bytes("<project>"), 0xff, ...bytes("</project>")]))).toThrow(
      PackageInvalid,
    );
  });
});

test("properties that name each other, or what every object has, do no harm", () => {
  const { description } = parsePom(
    bytes(`<project><name>\${a}</name><url>\${__proto__}\${constructor}</url>
<properties><a>\${b}\${b}\${b}</a><b>\${a}\${a}\${a}</b></properties></project>`),
  );
  expect(description.displayName?.length).toBeLessThanOrEqual(10_000);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as in the POM
  expect(description.homePage).toBe("${__proto__}${constructor}");
});

test("a POM of something else is not taken; one with properties in its coordinates is", () => {
  const name = { namespace: "org.example", name: "lib" };
  const pom = { groupId: "org.example", artifactId: "lib", version: "1.0" };
  checkPom(pom, name, ["1.0"]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Maven's CI-friendly versions
  checkPom({ ...pom, version: "${revision}", groupId: undefined }, name, ["1.0"]);
  for (const wrong of [{ groupId: "org.other" }, { artifactId: "other" }, { version: "1.1" }])
    expect(() => checkPom({ ...pom, ...wrong }, name, ["1.0"])).toThrow(PackageInvalid);
});
