/** A preview as people or programs read it, piece by piece: a bucket may hold more than memory does. */
import type { Bucket } from "../buckets/bucket.ts";
import { time } from "./phrases.ts";
import type { Coming, Previewed } from "./preview.ts";
import { rulesOf } from "./rules.ts";

export type ReportFormat = "text" | "json";

interface Sum {
  count: number;
  bytes: number;
  dueCount: number;
  dueBytes: number;
}

class Summary {
  versions = 0;
  uploads = 0;
  readonly actions = new Map<string, Sum>();
  freed = 0;
  freedNow = 0;

  add({ uploadId, size, coming }: Previewed): void {
    if (uploadId === undefined) this.versions++;
    else this.uploads++;
    if (coming === undefined) return;
    const name = nameOf(coming);
    const sum = this.actions.get(name) ?? { count: 0, bytes: 0, dueCount: 0, dueBytes: 0 };
    this.actions.set(name, sum);
    sum.count++;
    sum.bytes += size;
    this.freed += coming.frees;
    if (!coming.due) return;
    sum.dueCount++;
    sum.dueBytes += size;
    this.freedNow += coming.frees;
  }
}

/** `delete`, `transition to GLACIER`, ... */
function nameOf({ action, storageClass }: Coming): string {
  return storageClass === undefined ? action : `${action} to ${storageClass}`;
}

export async function* report(
  bucket: Bucket,
  now: Date,
  previewed: AsyncIterable<Previewed>,
  format: ReportFormat,
): AsyncGenerator<string> {
  const summary = new Summary();
  yield* format === "json"
    ? jsonReport(bucket, now, previewed, summary)
    : textReport(bucket, now, previewed, summary);
}

async function* jsonReport(
  bucket: Bucket,
  now: Date,
  previewed: AsyncIterable<Previewed>,
  summary: Summary,
): AsyncGenerator<string> {
  yield `{"bucket":${JSON.stringify(bucket.name)},"now":"${time(now.getTime())}","coming":[`;
  let separator = "\n";
  for await (const item of previewed) {
    summary.add(item);
    const { coming, ...named } = item;
    if (coming === undefined) continue;
    const { dueAt, frees, ...told } = coming;
    yield separator + JSON.stringify({ ...named, ...told, date: time(dueAt), bytesFreed: frees });
    separator = ",\n";
  }
  const actions = Object.fromEntries(
    [...summary.actions].map(([name, { count, bytes, dueCount, dueBytes }]) => [
      name,
      { count, bytes, dueNow: { count: dueCount, bytes: dueBytes } },
    ]),
  );
  const { versions, uploads, freed, freedNow } = summary;
  const totals = { versions, uploads, actions, bytesFreed: freed, bytesFreedNow: freedNow };
  yield `\n],"summary":${JSON.stringify(totals)}}\n`;
}

async function* textReport(
  bucket: Bucket,
  now: Date,
  previewed: AsyncIterable<Previewed>,
  summary: Summary,
): AsyncGenerator<string> {
  const { enabled } = rulesOf(bucket.settings);
  yield `s3://${bucket.name} at ${time(now.getTime())}: ${counted(enabled.length, "enabled rule")}. This is a preview; nothing is changed.\n`;
  if (enabled.length > 0) yield `\n${line("DATE", "ACTION", "BYTES", "WHAT AND WHY")}`;
  for await (const item of previewed) {
    summary.add(item);
    if (item.coming !== undefined) yield lineOf(item, item.coming);
  }
  const versions = counted(summary.versions, "version");
  yield `\nSummary: ${versions} and ${counted(summary.uploads, "unfinished upload")} were looked at.\n`;
  if (summary.actions.size === 0) yield "Nothing is coming.\n";
  for (const [name, { count, bytes, dueCount }] of summary.actions)
    yield `  ${name}: ${count}, of them ${dueCount} due now; ${bytes} bytes of content\n`;
  yield `Bytes freed: ${summary.freed}, of them ${summary.freedNow} now.\n`;
}

function counted(count: number, name: string): string {
  return count === 1 ? `1 ${name}` : `${count} ${name}s`;
}

function lineOf({ key, versionId, uploadId, size }: Previewed, coming: Coming): string {
  const when = coming.due ? "now" : time(coming.dueAt);
  const which = uploadId === undefined ? `version ${versionId}` : `upload ${uploadId}`;
  const what = `${printable(key)} (${which}) by ${printable(coming.rule)}: ${coming.reason}`;
  return line(when, nameOf(coming), String(size), what);
}

function line(date: string, action: string, bytes: string, what: string): string {
  return `${date.padEnd(21)} ${action.padEnd(30)} ${bytes.padStart(14)}  ${what}\n`;
}

/** Keys may hold what moves a terminal's cursor. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
