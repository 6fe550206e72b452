/**
 * The order of Maven versions, by the "Version Order Specification" of Maven's POM reference, as Maven 3.9 applies it.
 * A version is a list of numbers and qualifiers; each hyphen, and each change between digits and letters, opens a list
 * within the list. What says nothing ("0", "final", ...) is dropped from the end and before each hyphen, so
 * 1, 1.0 and 1.0.0-ga are one version.
 */
type Item = bigint | string | readonly Item[];

/** Qualifiers that have a rank; every other one comes after them, in the order of its letters. */
const RANKED = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
const ALIASES: Readonly<Record<string, string>> = { cr: "rc", final: "", ga: "", release: "" };
/** Only directly before a number: 1-a1, not 1-a. */
const ABBREVIATIONS: Readonly<Record<string, string>> = { a: "alpha", b: "beta", m: "milestone" };

/** Negative when `left` is older than `right`, 0 when Maven takes them for the same. */
export function compareVersions(left: string, right: string): number {
  return compare(parsed(left), parsed(right));
}

/** From the oldest to the newest, each version read once. */
export function sortVersions(versions: Iterable<string>): string[] {
  return [...versions]
    .map((version) => ({ version, items: parsed(version) }))
    .sort((left, right) => compare(left.items, right.items))
    .map(({ version }) => version);
}

function parsed(version: string): Item {
  const root: Item[] = [];
  const lists: Item[][] = [root];
  let list = root;
  const openList = () => {
    if (list.length === 0) return;
    const inner: Item[] = [];
    list.push(inner);
    lists.push(inner);
    list = inner;
  };
  const tokens = version.toLowerCase().match(/[0-9]+|[^0-9.-]+|[.-]/g) ?? [];
  let before = "";
  for (const [index, token] of tokens.entries()) {
    if (token === "." || token === "-") {
      if (before === "" || isSeparator(before)) list.push(0n);
      if (token === "-") openList();
    } else if (/^[0-9]/.test(token)) {
      // A number after letters stands in a list of its own, as after a hyphen.
      if (before !== "" && !isSeparator(before)) openList();
      list.push(BigInt(token));
    } else {
      const after = tokens[index + 1] ?? "";
      // 1.0.RC1 is 1.0-RC1; with a separator behind it, as in 1.0.x.1, the dot stays one.
      if (before !== "-" && !(before === "." && isSeparator(after))) openList();
      list.push(qualifier(token, /^[0-9]/.test(after)));
    }
    before = token;
  }
  for (const each of lists.reverse()) trim(each);
  return root;
}

function isSeparator(token: string): boolean {
  return token === "." || token === "-";
}

function qualifier(token: string, beforeNumber: boolean): string {
  const full = beforeNumber ? (own(ABBREVIATIONS, token) ?? token) : token;
  return own(ALIASES, full) ?? full;
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Drops what says nothing at the end of the list and before a hyphen; the lists within come first. */
function trim(list: Item[]): void {
  for (let index = list.length - 1; index >= 0; index--) {
    const item = list[index];
    if (item === undefined || !saysNothing(item)) continue;
    if (index === list.length - 1 || Array.isArray(list[index + 1])) list.splice(index, 1);
  }
}

function saysNothing(item: Item): boolean {
  return typeof item === "object" ? item.length === 0 : item === 0n || item === "";
}

/** `undefined` stands for the end of the shorter version. */
function compare(left: Item | undefined, right: Item | undefined): number {
  if (left === undefined) return right === undefined ? 0 : -compareToEnd(right);
  if (right === undefined) return compareToEnd(left);
  if (typeof left === "bigint" && typeof right === "bigint") return order(left, right);
  if (typeof left === "string" && typeof right === "string") return compareQualifiers(left, right);
  if (typeof left === "object" && typeof right === "object") {
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      const result = compare(left[index], right[index]);
      if (result !== 0) return result;
    }
    return 0;
  }
  // A qualifier before what follows a hyphen before what follows a dot.
  return kind(left) - kind(right);
}

function kind(item: Item): number {
  return typeof item === "string" ? 0 : typeof item === "object" ? 1 : 2;
}

function compareToEnd(item: Item): number {
  if (typeof item === "bigint") return order(item, 0n);
  if (typeof item === "string") return compareQualifiers(item, "");
  for (const inner of item) {
    const result = compareToEnd(inner);
    if (result !== 0) return result;
  }
  return 0;
}

function compareQualifiers(left: string, right: string): number {
  const [leftRank, rightRank] = [rank(left), rank(right)];
  return leftRank === rightRank && leftRank === RANKED.length ? order(left, right) : leftRank - rightRank;
}

function rank(name: string): number {
  const index = RANKED.indexOf(name);
  return index === -1 ? RANKED.length : index;
}

function order<Value extends bigint | string>(left: Value, right: Value): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
