import { expect, test } from "bun:test";
import type { AccountId } from "../../aws/names.ts";
import type { GraphRepository } from "./graph.ts";
import { type UpstreamRights, upstreamsFirst, walk } from "./walk.ts";

/** `a: b c public:x` is repository a with upstreams b and c and an external connection. */
function graphOf(...lines: string[]): ReadonlyMap<string, GraphRepository> {
  return new Map(
    lines.map((line) => {
      const [name = "", above = ""] = line.split(":  ");
      const words = above.split(" ").filter((word) => word !== "");
      const repository: GraphRepository = {
        id: name,
        name,
        administrator: "123456789012" as AccountId,
        policy: undefined,
        conditions: {},
        upstreams: words.filter((word) => !word.includes(":")),
        connections: words.filter((word) => word.includes(":")),
      };
      return [name, repository];
    }),
  );
}

const ALL: UpstreamRights = { fromRepositories: true, fromConnections: true, publishedInside: false };
const NONE: UpstreamRights = { fromRepositories: false, fromConnections: false, publishedInside: false };

function order(
  lines: string[],
  rights: Readonly<Record<string, UpstreamRights>> = {},
  isAsked: (connection: string) => boolean = () => true,
): string {
  const repositories = graphOf(...lines);
  const [first = ""] = repositories.keys();
  const start = repositories.get(first);
  if (!start) throw new Error("no repository");
  return walk({ repositories }, start, ({ name }) => rights[name] ?? ALL, isAsked)
    .map((place) => (place.kind === "repository" ? place.repository.name : place.connection))
    .join(" ");
}

const SHAPES: readonly (readonly [what: string, lines: string[], order: string])[] = [
  ["alone", ["a:  "], "a"],
  ["a chain", ["a:  b", "b:  c", "c:  x:1"], "a b c x:1"],
  ["depth first, in listed order", ["a:  b c", "b:  d", "c:  e", "d:  ", "e:  "], "a b d c e"],
  ["a diamond is searched once", ["a:  b c", "b:  d", "c:  d", "d:  x:1"], "a b d x:1 c"],
  ["a ring ends", ["a:  b", "b:  c", "c:  a"], "a b c"],
  ["upstreams before the own connection", ["a:  x:1 b", "b:  "], "a b x:1"],
  ["a connection that two repositories own is asked once", ["a:  b c", "b:  x:1", "c:  x:1"], "a b x:1 c"],
  ["several connections", ["a:  x:1 x:2"], "a x:1 x:2"],
  ["an upstream that is gone", ["a:  b c", "c:  "], "a c"],
];

for (const [what, lines, expected] of SHAPES)
  test(`order of search: ${what}`, () => expect(order(lines)).toBe(expected));

test("no more than 25 repositories are searched", () => {
  const chain = Array.from({ length: 40 }, (_, index) => `r${index}:  r${index + 1}`);
  expect(order(chain).split(" ")).toHaveLength(25);
});

test("a repository that blocks the package ends the walk below it, not beside it", () => {
  expect(order(["a:  b c", "b:  d x:1", "c:  d", "d:  x:2"], { b: NONE })).toBe("a b c d x:2");
  expect(order(["a:  b x:1", "b:  "], { a: NONE })).toBe("a");
});

test("connections and upstreams are blocked each for itself", () => {
  const lines = ["a:  b", "b:  c x:1", "c:  x:2"];
  expect(order(lines, { b: { ...ALL, fromConnections: false } })).toBe("a b c x:2");
  expect(order(lines, { b: { ...ALL, fromRepositories: false } })).toBe("a b x:1");
});

test("a name that one repository publishes itself is not asked of the outside, on whichever side that lies", () => {
  const inside = { ...NONE, publishedInside: true };
  expect(order(["a:  b c", "b:  ", "c:  x:1"], { b: inside })).toBe("a b c");
  expect(order(["a:  c b", "b:  ", "c:  x:1"], { b: inside })).toBe("a c b");
});

test("connections of other formats are not asked", () => {
  expect(order(["a:  x:1 x:2"], {}, (connection) => connection === "x:2")).toBe("a x:2");
});

test("above before below, the first listed first", () => {
  const places = [
    { name: "a", depth: 0 },
    { name: "b", depth: 1 },
    { name: "d", depth: 2 },
    { name: "c", depth: 1 },
    { name: "x", depth: 2 },
  ];
  expect(
    upstreamsFirst(places)
      .map(({ name }) => name)
      .join(" "),
  ).toBe("d b x c a");
});
