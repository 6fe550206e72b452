import { AwsError } from "../../../aws/errors.ts";
import type { Clock } from "../../../clock.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import { findBucket } from "../buckets/open-bucket.ts";
import { LifecycleCommandError } from "./command-error.ts";
import { preview } from "./preview.ts";
import { type ReportFormat, report } from "./preview-report.ts";
import { withProgress } from "./progress.ts";

const USAGE = "usage: shosoin lifecycle preview s3://BUCKET [--prefix PREFIX] [--output text|json]";

/** The bucket that `shosoin lifecycle preview s3://BUCKET` is about. Throws LifecycleCommandError. */
export function previewedBucket(words: readonly string[]): string {
  const [verb, address = "", ...more] = words;
  if (verb !== "preview" || address === "" || more.length > 0) throw new LifecycleCommandError(USAGE);
  const name = /^s3:\/\/([^/]+)\/?$/.exec(address)?.[1];
  if (name === undefined) throw new LifecycleCommandError(`'${address}' is not s3://BUCKET: ${USAGE}`);
  return name;
}

/**
 * Reads the database, beside a running server too, and writes nothing. Yields what is printed. Throws
 * LifecycleCommandError.
 */
export async function* runLifecyclePreview(
  metadata: Metadata,
  name: string,
  options: { readonly clock: Clock; readonly prefix: string; readonly output: ReportFormat },
): AsyncGenerator<string> {
  const { clock, prefix, output } = options;
  const bucket = await findBucket(metadata.reader, name).catch((error: unknown) => {
    if (!(error instanceof AwsError)) throw error;
    throw new LifecycleCommandError(`There is no bucket ${name}.`);
  });
  // Beside what is printed, which may be read by a program.
  const tell = (count: number) =>
    process.stderr.write(`shosoin: ${count} versions and uploads were looked at\n`);
  const previewed = withProgress(preview(metadata.reader, bucket, clock, prefix), tell);
  yield* report(bucket, clock.now(), previewed, output);
}
