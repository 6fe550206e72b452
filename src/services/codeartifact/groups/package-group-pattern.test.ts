import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nameVariation } from "./name-variation.ts";
import {
  containsPattern,
  matchPattern,
  packagePath,
  parsePackageGroupPattern,
} from "./package-group-pattern.ts";

function strength(pattern: string, path: string) {
  const [, format = "", namespace = "", name = ""] = path.split("/");
  return matchPattern(parsePackageGroupPattern(pattern), packagePath(format, namespace, name));
}

describe("which packages a pattern means", () => {
  test.each([
    ["/*", "/npm//react", "STRONG"],
    ["/npm/*", "/npm//react", "STRONG"],
    ["/npm/*", "/npm/space/ui", "STRONG"],
    ["/npm/*", "/pypi//react", undefined],
    ["/npm/space/*", "/npm/space/ui", "STRONG"],
    ["/npm/space/*", "/npm//space", undefined],
    ["/npm//*", "/npm//react", "STRONG"],
    ["/npm//*", "/npm/space/ui", undefined],
    ["/maven/com.anycompany~", "/maven/com.anycompany/core", "STRONG"],
    ["/maven/com.anycompany~", "/maven/com.anycompany.billing/core", "STRONG"],
    ["/maven/com.anycompany~", "/maven/com.anycompanyx/core", undefined],
    ["/npm/space/foo~", "/npm/space/foo", "STRONG"],
    ["/npm/space/foo~", "/npm/space/foo-bar", "STRONG"],
    ["/npm/space/foo~", "/npm/space/foo_bar", "STRONG"],
    ["/npm/space/foo~", "/npm/space/food", undefined],
    ["/npm/space/foo~", "/npm/space/foo2", undefined],
    ["/npm/space/foo~", "/npm/space/a-foo", undefined],
    ["/npm/space/foo$", "/npm/space/foo", "STRONG"],
    ["/npm/space/foo$", "/npm/space/foo-bar", undefined],
    ["/pypi//requests$", "/pypi//requests", "STRONG"],
    ["/nuget//my.company~", "/nuget//my.company.core", "STRONG"],
    ["/maven/org.apache.logging.log4j/log4j-core$", "/maven/org.apache.logging.log4j/log4j-core", "STRONG"],
  ] as const)("%s and %s: %p", (pattern, path, expected) => {
    expect(strength(pattern, path)).toBe(expected);
  });
});

describe("a name that could be taken for one of the group's matches weakly", () => {
  test.each([
    ["another case", "/npm//AsyncStorage$", "/npm//asyncstorage"],
    ["another separator", "/npm//foo-bar$", "/npm//foo.bar"],
    ["a run of separators", "/npm//foo-bar$", "/npm//foo-_.bar"],
    ["a Cyrillic а", "/npm//react$", "/npm//reаct"],
    ["a Greek ο in the namespace", "/npm/acme-tools/*", "/npm/acme-tοοls/ui"],
    ["a digit for a letter", "/npm//tool$", "/npm//too1"],
    ["a zero for an o", "/npm//foo$", "/npm//f00"],
    ["rn for m", "/npm//mypackage$", "/npm//rnypackage"],
    ["a full-width letter", "/npm//foo$", "/npm//ｆoo"],
    ["a capital sigma", "/npm//σοφος$", "/npm//ΣΟΦΟΣ"],
    ["a prefix in another case", "/maven/com.anycompany~", "/maven/Com.AnyCompany.billing/core"],
    ["a prefix with another separator", "/npm/space/foo-bar~", "/npm/space/foo_bar.baz"],
  ])("%s", (_what, pattern, path) => {
    expect(strength(pattern, path)).toBe("WEAK");
  });

  test.each([
    ["a separator that is missing", "/npm//foo-bar$", "/npm//foobar"],
    ["a prefix that goes on", "/npm//foo~", "/npm//FOOD"],
    ["another format", "/npm//foo$", "/pypi//FOO"],
    ["a mark that changes the letter", "/npm//foo~", "/npm//foo\u0301"],
  ])("%s matches not at all", (_what, pattern, path) => {
    expect(strength(pattern, path)).toBeUndefined();
  });

  test("every name is a variation of itself in capitals, and a variation stays what it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (name) => {
        expect(nameVariation(name.toUpperCase())).toBe(nameVariation(name));
      }),
    );
  });
});

describe("how patterns lie in one another", () => {
  const ordered = [
    "/*",
    "/npm/*",
    "/npm/space~",
    "/npm/space-ship/*",
    "/npm/space-ship/foo~",
    "/npm/space-ship/foo-bar~",
    "/npm/space-ship/foo-bar-baz$",
  ];

  test("each of these contains all that follow, and none before", () => {
    for (const [outer, outerText] of ordered.entries()) {
      for (const [inner, innerText] of ordered.entries()) {
        const contains = containsPattern(
          parsePackageGroupPattern(outerText),
          parsePackageGroupPattern(innerText),
        );
        expect(`${outerText} ${innerText} ${contains}`).toBe(`${outerText} ${innerText} ${outer < inner}`);
      }
    }
  });

  test.each([
    ["/npm/space/*", "/npm/spaceship/*"],
    ["/npm/space~", "/npm/spaceship~"],
    ["/npm//foo~", "/npm//food$"],
    ["/pypi/*", "/npm/*"],
    ["/npm//AsyncStorage$", "/npm//asyncStorage$"],
  ])("%s does not contain %s", (outer, inner) => {
    expect(containsPattern(parsePackageGroupPattern(outer), parsePackageGroupPattern(inner))).toBe(false);
  });
});

describe("what is no pattern", () => {
  test.each([
    ["npm/*", "must begin with /"],
    ["/", "2 to 520"],
    ["/npm", "must be /*"],
    ["/npm/", "must be /*"],
    ["/npm/space/foo", "must be /*"],
    ["/npm/a/b/c$", "must be /*"],
    ["/deb/*", "format must be one of"],
    ["/constructor/*", "format must be one of"],
    ["/npm/foo*", "whole component"],
    ["/npm/foo$", "may only end a name"],
    ["/npm//$", "its name is empty"],
    ["/npm//foo-~", "must follow a letter"],
    ["/npm/~", "must follow a letter"],
    ["/npm//a b$", "spaces"],
    ["/pypi/space/foo$", "no namespace"],
    ["/nuget/my~", "no namespace"],
    ["/maven//core$", "must be named"],
    ["/nuget//My.Company~", "write /nuget//my.company~"],
    ["/pypi//My_Package$", "write /pypi//my-package$"],
    [`/npm//${"a".repeat(520)}$`, "2 to 520"],
  ])("%s", (pattern, reason) => {
    expect(() => parsePackageGroupPattern(pattern)).toThrow(reason);
  });
});
