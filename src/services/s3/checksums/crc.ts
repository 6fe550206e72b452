/**
 * The three CRCs of the S3 API, as arithmetic in GF(2): polynomials with the lowest power in the highest bit, a register
 * that begins and ends inverted (CRC RevEng's catalogue: CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME).
 */
export type CrcAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME";

interface Crc {
  readonly bits: bigint;
  /** Without its highest power. */
  readonly polynomial: bigint;
}

const CRCS: Readonly<Record<CrcAlgorithm, Crc>> = {
  CRC32: { bits: 32n, polynomial: 0xedb88320n },
  CRC32C: { bits: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
};

export interface CrcOfPart {
  /** base64 */
  readonly checksum: string;
  /** In bytes. */
  readonly size: number;
}

/** The checksum (base64) of the parts one after the other, from nothing but theirs and their sizes. */
export function combineCrc(algorithm: CrcAlgorithm, parts: readonly CrcOfPart[]): string {
  const crc = CRCS[algorithm];
  // Most parts are of one size: what moves a checksum over that many bytes is computed once.
  const shifts = new Map<number, (value: bigint) => bigint>();
  let whole = 0n;
  for (const { checksum, size } of parts) {
    let shift = shifts.get(size);
    if (shift === undefined) {
      shift = times(crc, powerOfX(crc, BigInt(size) * 8n));
      shifts.set(size, shift);
    }
    whole = shift(whole) ^ bitsOf(checksum);
  }
  return base64Of(crc, whole);
}

/** Multiplies by one factor, four bits at a time: ten thousand parts take a few milliseconds. */
function times(crc: Crc, factor: bigint): (value: bigint) => bigint {
  // What each bit of a value adds to the product, the lowest bit first.
  const ofBit: bigint[] = [];
  for (let bit = 0n, power = factor; bit < crc.bits; bit++, power = timesX(crc, power)) ofBit.unshift(power);
  const tables: bigint[][] = [];
  for (let low = 0; low < ofBit.length; low += 4) {
    const table = [0n];
    for (const product of ofBit.slice(low, low + 4)) table.push(...table.map((sum) => sum ^ product));
    tables.push(table);
  }
  return (value) => {
    let product = 0n;
    let rest = value;
    for (const table of tables) {
      product ^= table[Number(rest & 15n)] ?? 0n;
      rest >>= 4n;
    }
    return product;
  };
}

/** x to the power, modulo the polynomial: square and multiply. */
function powerOfX(crc: Crc, power: bigint): bigint {
  const one = 1n << (crc.bits - 1n);
  let result = one;
  let square = one >> 1n;
  for (let rest = power; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = multiply(crc, result, square);
    square = multiply(crc, square, square);
  }
  return result;
}

function multiply(crc: Crc, left: bigint, right: bigint): bigint {
  let product = 0n;
  let shifted = right;
  for (let bit = 1n << (crc.bits - 1n); bit > 0n; bit >>= 1n) {
    if ((left & bit) !== 0n) product ^= shifted;
    shifted = timesX(crc, shifted);
  }
  return product;
}

function timesX({ polynomial }: Crc, value: bigint): bigint {
  return (value & 1n) === 1n ? (value >> 1n) ^ polynomial : value >> 1n;
}

function bitsOf(checksum: string): bigint {
  return BigInt(`0x${Buffer.from(checksum, "base64").toString("hex")}`);
}

function base64Of({ bits }: Crc, value: bigint): string {
  return Buffer.from(value.toString(16).padStart(Number(bits) / 4, "0"), "hex").toString("base64");
}
