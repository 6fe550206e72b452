/** How the values of settings are written. Each parser gives undefined for what it cannot read. */
import { resolve } from "node:path";
import type { ListenAddress } from "../server/listener.ts";

/** `127.0.0.1:7560`, `[::1]:0`, `localhost:80` */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[A-Za-z0-9._-]+)):(?<port>\d{1,5})$/.exec(
    text,
  )?.groups;
  const host = match?.["v6"] ?? match?.["name"];
  const port = Number(match?.["port"]);
  return host !== undefined && port <= 65_535 ? { host, port } : undefined;
}

/** RFC 1123 section 2.1: labels of letters, digits and hyphens. */
export function parseDomain(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, "");
  const good = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name);
  return good && name.length <= 200 ? name : undefined;
}

/** An address of one of these schemes (`postgres:`), as it was written. */
export function parseUrl(...protocols: string[]): (text: string) => string | undefined {
  return (text) => (URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : undefined);
}

/** `s3://...`, or a folder as seen from `folder`: absolute then. */
export function parsePlace(folder: string): (text: string) => string | undefined {
  const url = parseUrl("s3:");
  return (text) =>
    url(text) ?? (text === "" || /^[a-z][a-z0-9+.-]+:/i.test(text) ? undefined : resolve(folder, text));
}

/** One of the words, to the letter. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word | undefined {
  return (text) => words.find((word) => word === text);
}

/** Decimal digits, between both ends. */
export function wholeNumber(least: number, most: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return /^\d{1,9}$/.test(text) && value >= least && value <= most ? value : undefined;
  };
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** Bytes: `512MiB`, `10g`, `0`; units are powers of 1024. */
export function parseSize(text: string): number | undefined {
  const match = /^(?<count>\d{1,9})\s*(?:(?<unit>[kmgt])i?b?|b)?$/i.exec(text)?.groups;
  const unit = SIZE_UNITS[(match?.["unit"] ?? "").toLowerCase()];
  return match && unit !== undefined ? Number(match["count"]) * unit : undefined;
}
