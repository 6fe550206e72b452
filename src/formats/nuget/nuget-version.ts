/**
 * NuGet's version numbers ("Package versioning" on Microsoft Learn): one to four numbers, a pre-release, build metadata.
 * `1.0`, `1.0.0.0` and `01.0.0+build` are the same version, and letters' case makes no difference.
 */
import { PackageInvalid } from "../../services/codeartifact/format.ts";

export interface NuGetVersion {
  /** Always four. */
  readonly numbers: readonly number[];
  /** Labels after the hyphen; empty for a release. */
  readonly labels: readonly string[];
  readonly metadata: string | undefined;
}

const MAX_LENGTH = 128;
const SHAPE =
  /^(\d{1,10})(?:\.(\d{1,10}))?(?:\.(\d{1,10}))?(?:\.(\d{1,10}))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/;
/** .NET's Version keeps each number in 32 bits. */
const LARGEST_NUMBER = 2_147_483_647;

export function parseVersion(text: string): NuGetVersion | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const match = SHAPE.exec(text.trim());
  if (!match) return undefined;
  const numbers = match.slice(1, 5).map((number) => Number(number ?? "0"));
  const labels = match[5]?.split(".") ?? [];
  const metadata = match[6];
  const isWhole = [...labels, ...(metadata?.split(".") ?? [])].every((label) => label !== "");
  if (!isWhole || numbers.some((number) => number > LARGEST_NUMBER)) return undefined;
  return { numbers, labels, metadata };
}

/** `1.2.3`, `1.2.3.4`, `1.2.3-Beta.1`: three numbers, the fourth unless it is 0, no build metadata; letters as they came. */
export function formatVersion({ numbers, labels }: NuGetVersion): string {
  const shown = numbers[3] === 0 ? numbers.slice(0, 3) : numbers;
  return shown.join(".") + (labels.length > 0 ? `-${labels.join(".")}` : "");
}

/** The form in which versions are stored and named in addresses; throws PackageInvalid. */
export function normalizeVersion(text: string): string {
  const version = parseVersion(text);
  if (version === undefined)
    throw new PackageInvalid(`'${text.slice(0, MAX_LENGTH)}' is not a NuGet version`);
  return formatVersion(version).toLowerCase();
}

export function isPrerelease(version: NuGetVersion): boolean {
  return version.labels.length > 0;
}

/** Clients that do not know SemVer 2.0.0 are not shown such versions ("SemVer 2.0.0-specific"). */
export function isSemVer2(version: NuGetVersion): boolean {
  return version.labels.length > 1 || version.metadata !== undefined;
}

/** Whether a range like `[1.0.0, 2.0.0-beta.1)` names a version that only SemVer 2.0.0 has. */
export function rangeNeedsSemVer2(range: string): boolean {
  return range
    .replace(/[[\]()]/g, "")
    .split(",")
    .some((bound) => {
      const version = parseVersion(bound.trim());
      return version !== undefined && isSemVer2(version);
    });
}

/** Below zero when `one` comes first (SemVer 2.0.0, section 11, with four numbers and without regard to case). */
export function compareVersions(one: NuGetVersion, other: NuGetVersion): number {
  for (const [index, number] of one.numbers.entries()) {
    const difference = number - (other.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return compareLabels(one.labels, other.labels);
}

function compareLabels(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return other.length - one.length;
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    const [label, against] = [one[index], other[index]];
    if (label === undefined || against === undefined) return label === undefined ? -1 : 1;
    const difference = compareLabel(label.toLowerCase(), against.toLowerCase());
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareLabel(label: string, against: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(label), /^\d+$/.test(against)];
  if (isNumber && isOtherNumber) {
    const [number, otherNumber] = [BigInt(label), BigInt(against)];
    return number < otherNumber ? -1 : number > otherNumber ? 1 : 0;
  }
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return label < against ? -1 : label > against ? 1 : 0;
}
