/**
 * What external connections say of a package now. A connection that does not answer and of which nothing is known is
 * an answer too: what is retained is shown without it.
 */

import type { CodeArtifactContext } from "../context.ts";
import { type PackageFormat, PackageInvalid, type PackageName, type UpstreamListing } from "../format.ts";
import { type ListingState, UpstreamRefused, UpstreamUnavailable } from "../upstreams/upstreams.ts";

/** All of them together. `freshUntil` is Infinity when nobody had to be asked. */
export interface Listings extends ListingState {
  /** In the order in which they were asked for. */
  readonly listings: readonly (UpstreamListing | undefined)[];
  /** Of the first connection of which nothing is known. */
  readonly failure: Error | undefined;
}

/** For so long nobody asks a connection again that has just failed. */
const FAILURE_MILLISECONDS = 5_000;

type Asked = Pick<CodeArtifactContext, "upstreams" | "clock">;

export async function askConnections(
  context: Asked,
  format: PackageFormat,
  name: PackageName,
  connections: readonly string[],
): Promise<Listings> {
  const answers = await Promise.all(
    connections.map((connection) => context.upstreams.list(connection, format, name).catch(outage)),
  );
  return {
    listings: answers.map((answer) => (answer instanceof Error ? undefined : answer.listing)),
    ...combined(context, answers),
    failure: answers.find((answer) => answer instanceof Error),
  };
}

/** Whether what was made from their listings still stands. */
export async function checkConnections(
  context: Asked,
  format: PackageFormat,
  name: PackageName,
  connections: readonly string[],
): Promise<ListingState> {
  const answers = await Promise.all(
    connections.map((connection) => context.upstreams.check(connection, format, name).catch(outage)),
  );
  return combined(context, answers);
}

function combined({ clock }: Asked, answers: readonly (ListingState | Error)[]): ListingState {
  const known = answers.map((answer) =>
    answer instanceof Error
      ? { revision: "unavailable", freshUntil: clock.now().getTime() + FAILURE_MILLISECONDS, stale: true }
      : answer,
  );
  return {
    revision: known.map(({ revision, stale }) => `${revision}${stale ? " stale" : ""}`).join("\n"),
    freshUntil: Math.min(...known.map(({ freshUntil }) => freshUntil)),
    stale: known.some(({ stale }) => stale),
  };
}

function outage(error: unknown): Error {
  if (
    error instanceof UpstreamUnavailable ||
    error instanceof UpstreamRefused ||
    error instanceof PackageInvalid
  )
    return error;
  throw error;
}
