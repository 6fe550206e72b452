/** CIDR ranges of IPv4 and IPv6 (RFC 4632, RFC 4291). An IPv4 address written as ::ffff:a.b.c.d counts as IPv4. */
import { isIP } from "node:net";

interface Address {
  /** 32 or 128. */
  readonly bits: number;
  readonly value: bigint;
}

export interface IpRange extends Address {
  /** Length of the prefix in bits. */
  readonly prefix: number;
}

/** Undefined unless `text` is an address or `address/prefix`. */
export function parseIpRange(text: string): IpRange | undefined {
  const [addressText = "", prefixText, ...more] = text.split("/");
  const address = parseAddress(addressText);
  if (!address || more.length > 0) return undefined;
  if (prefixText === undefined) return { ...address, prefix: address.bits };
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  return prefix <= address.bits ? { ...address, prefix } : undefined;
}

export function matchesIpRange(range: IpRange, text: string): boolean {
  const address = parseAddress(text);
  if (!address || address.bits !== range.bits) return false;
  const shift = BigInt(range.bits - range.prefix);
  return address.value >> shift === range.value >> shift;
}

function parseAddress(text: string): Address | undefined {
  switch (isIP(text)) {
    case 4:
      return { bits: 32, value: fromParts(text.split(".").map(Number), 8n) };
    case 6:
      return text.includes("%") ? undefined : parseIpv6(text);
    default:
      return undefined;
  }
}

function parseIpv6(text: string): Address {
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (half: string) =>
    half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - front.length - back.length).fill(0);
  const value = fromParts([...front, ...zeros, ...back], 16n);
  const mapped = value >> 32n === 0xffffn;
  return mapped ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

function fromParts(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n);
}
