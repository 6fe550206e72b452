/** Keys that are hard to list, what a listing of them has to say in the simplest words, and what an answer says. */
import { expect } from "bun:test";
import { XMLParser } from "fast-xml-parser";
import { parseAccountId, parseRegion } from "../../../../aws/names.ts";
import { type S3Call, XmlDocument } from "../../call.ts";

const account = parseAccountId("123456789012");
const region = parseRegion("us-east-1");
if (account === undefined || region === undefined) throw new Error("names");
export const ACCOUNT = account;
export const REGION = region;

export const call = {
  principal: { kind: "root", account: ACCOUNT, arn: "arn", userId: "", accessKeyId: "" },
  account: ACCOUNT,
  region: REGION,
  header: () => undefined,
} as unknown as S3Call;

/** Of one character or more, in each of UTF-8's lengths, those that are stored otherwise among them. */
export const PIECES = [
  "a",
  "b",
  "/",
  "//",
  "-",
  "\0",
  "\u0001",
  "\u0002",
  "é",
  "\ue000",
  "\u{1f600}",
  "\u{10ffff}",
  " +%",
];

/** The same sequence every time: what fails once fails again. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export interface TestVersion {
  readonly key: string;
  readonly versionId: string;
  readonly marker: boolean;
  readonly latest: boolean;
}

export function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** What a listing has to say, in the simplest words. */
export function expected(
  keys: readonly string[],
  prefix: string,
  delimiter: string,
  marker: string,
): string[] {
  const found: string[] = [];
  for (const key of keys) {
    if (!key.startsWith(prefix) || (marker !== "" && byBytes(key, marker) <= 0)) continue;
    const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const name = at < 0 ? key : key.slice(0, at + delimiter.length);
    if (at >= 0 && marker.startsWith(name)) continue;
    if (found.at(-1) !== name) found.push(name);
  }
  return found;
}

const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  isArray: (name) => ["Contents", "CommonPrefixes", "Version", "DeleteMarker"].includes(name),
});

export type Document = Readonly<Record<string, string>> & {
  readonly Contents?: readonly Record<string, string>[];
  readonly CommonPrefixes?: readonly Record<string, string>[];
  readonly Version?: readonly Record<string, string>[];
  readonly DeleteMarker?: readonly Record<string, string>[];
};

export async function read(answer: Promise<XmlDocument>): Promise<Document> {
  const document = await answer;
  expect(document).toBeInstanceOf(XmlDocument);
  return Object.values(parser.parse(document.xml))[0] as Document;
}

export function decode(value: string | undefined): string {
  return decodeURIComponent(value ?? "");
}

/** Keys and common prefixes as they follow each other; where both have elements, order between them is by name. */
export function names(document: Document): string[] {
  return [
    ...(document.Contents ?? []).map(({ Key }) => decode(Key)),
    ...(document.CommonPrefixes ?? []).map(({ Prefix }) => decode(Prefix)),
  ].sort(byBytes);
}
