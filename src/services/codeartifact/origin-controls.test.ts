import { describe, expect, test } from "bun:test";
import { parsePackageGroupPattern } from "./groups/package-group-pattern.ts";
import { type PackageGroup, PackageGroups, type RestrictionMode } from "./groups/package-groups.ts";
import { originControls } from "./origin-controls.ts";

type Modes = Partial<Record<"PUBLISH" | "EXTERNAL_UPSTREAM" | "INTERNAL_UPSTREAM", RestrictionMode>>;

function group(
  pattern: string,
  modes: Modes,
  allowed: Partial<Record<keyof Modes, string[]>> = {},
): PackageGroup {
  return {
    pattern: parsePackageGroupPattern(pattern),
    modes,
    allowedRepositories: Object.fromEntries(
      Object.entries(allowed).map(([type, names]) => [type, new Set(names)]),
    ),
  };
}

/** Letters of what is allowed: Publish, External upstream, Internal upstream. */
function allowed(
  groups: PackageGroup[],
  name: string,
  repository = "main",
  own?: { publish: string; upstream: string },
) {
  const [, scope = "", base = name] = /^@(.+)\/(.+)$/.exec(name) ?? [];
  const controls = originControls(
    new PackageGroups(groups),
    "npm",
    { namespace: scope, name: base },
    repository,
    own,
  );
  return `${controls.publish.allowed ? "P" : "-"}${controls.externalUpstream.allowed ? "E" : "-"}${controls.internalUpstream.allowed ? "I" : "-"}`;
}

const closedRoot = group("/*", { PUBLISH: "BLOCK", EXTERNAL_UPSTREAM: "BLOCK", INTERNAL_UPSTREAM: "BLOCK" });
const privateNames = group("/npm/acme/*", { PUBLISH: "ALLOW", EXTERNAL_UPSTREAM: "BLOCK" });

describe("what may bring new versions", () => {
  test("everything, in a domain without groups", () => {
    expect(allowed([], "react")).toBe("PEI");
  });

  test("only publishing for private names, only the public registry for all others", () => {
    const groups = [group("/npm/*", { PUBLISH: "BLOCK" }), privateNames];
    expect(allowed(groups, "@acme/ui")).toBe("P-I");
    expect(allowed(groups, "react")).toBe("-EI");
  });

  test("what a group does not say it takes from the first above it that does", () => {
    const groups = [
      closedRoot,
      group("/npm/*", { INTERNAL_UPSTREAM: "ALLOW" }),
      group("/npm/acme~", {}),
      privateNames,
    ];
    expect(allowed(groups, "@acme/ui")).toBe("P-I");
    expect(allowed(groups, "@acme-labs/ui")).toBe("--I");
    expect(allowed([closedRoot], "react")).toBe("---");
  });

  test("only the listed repositories, also for groups that inherit the list", () => {
    const groups = [
      group(
        "/npm/acme~",
        {
          PUBLISH: "BLOCK",
          EXTERNAL_UPSTREAM: "ALLOW_SPECIFIC_REPOSITORIES",
          INTERNAL_UPSTREAM: "ALLOW_SPECIFIC_REPOSITORIES",
        },
        { EXTERNAL_UPSTREAM: ["repo-b"], INTERNAL_UPSTREAM: ["repo-a"] },
      ),
      group("/npm/acme/ui$", { PUBLISH: "ALLOW" }, { EXTERNAL_UPSTREAM: ["repo-c"] }),
    ];
    expect(allowed(groups, "@acme/core", "repo-a")).toBe("--I");
    expect(allowed(groups, "@acme/core", "repo-b")).toBe("-E-");
    expect(allowed(groups, "@acme/core", "repo-c")).toBe("---");
    expect(allowed(groups, "@acme/ui", "repo-b")).toBe("PE-");
    expect(allowed(groups, "@acme/ui", "repo-c")).toBe("P--");
  });

  test("nothing for a variation of a group's name, even where the group allows everything", () => {
    const groups = [
      group("/npm//anycompany-spicy-client$", {
        PUBLISH: "ALLOW",
        EXTERNAL_UPSTREAM: "ALLOW",
        INTERNAL_UPSTREAM: "ALLOW",
      }),
    ];
    expect(allowed(groups, "anycompany-spicy-client")).toBe("PEI");
    expect(allowed(groups, "AnyCompany-spicy-client")).toBe("---");
    expect(allowed(groups, "anycompany.spicy.client")).toBe("---");
    expect(allowed(groups, "anycompany-spicy-clients")).toBe("PEI");
  });

  test("a variation that has a group of its own goes by that", () => {
    const groups = [group("/npm//AsyncStorage$", { PUBLISH: "BLOCK" }), group("/npm//asyncStorage$", {})];
    expect(allowed(groups, "asyncStorage")).toBe("PEI");
    expect(allowed(groups, "AsyncStorage")).toBe("-EI");
    expect(allowed(groups, "ASYNCSTORAGE")).toBe("---");
  });
});

describe("the package's own settings and its group's must both allow", () => {
  const open = [group("/npm/acme/*", {})];
  test.each([
    [open, { publish: "ALLOW", upstream: "ALLOW" }, "PEI"],
    [open, { publish: "ALLOW", upstream: "BLOCK" }, "P--"],
    [open, { publish: "BLOCK", upstream: "ALLOW" }, "-EI"],
    [[privateNames], { publish: "BLOCK", upstream: "ALLOW" }, "--I"],
    [[privateNames], { publish: "ALLOW", upstream: "ALLOW" }, "P-I"],
  ])("case %#", (groups, own, expected) => {
    expect(allowed(groups, "@acme/ui", "main", own)).toBe(expected);
  });
});

test("the refusal says which setting of which group or package decided", () => {
  const { publish, externalUpstream } = originControls(
    new PackageGroups([closedRoot, group("/npm/acme/*", { EXTERNAL_UPSTREAM: "ALLOW" })]),
    "npm",
    { namespace: "acme", name: "ui" },
    "main",
    { publish: "ALLOW", upstream: "BLOCK" },
  );
  expect(publish.because).toBe("the package group '/*' has PUBLISH=BLOCK");
  expect(externalUpstream.because).toBe(
    "the package's origin configuration in repository 'main' has upstream=BLOCK",
  );
});
