/**
 * The door of all package clients: which repository, which format, who; then the format's own door. This file is the
 * way of a request; what a package is, is for the formats.
 */

import type { Call } from "../../identity/call.ts";
import type { Arrival, Door } from "../../server/door.ts";
import type { Packages } from "../../services/codeartifact/engine.ts";
import type { PackageTokenVerifier } from "../../services/codeartifact/token-revocation.ts";
import { breakOff } from "../../storage/blobs/sending.ts";
import { type PackageAddress, parsePackageAddress } from "./address.ts";
import { authenticate, type PresentedToken } from "./authentication.ts";
import { notFound, PackageError, packageErrorFrom } from "./errors.ts";
import { type Answering, type PackageDoor, sendJson } from "./exchange.ts";

export interface PackageDoorParts {
  readonly packages: Packages;
  readonly verifyPackageToken: PackageTokenVerifier["verifyPackageToken"];
}

/** More than any client sends; bounds the parsing. */
const LONGEST_TARGET = 8 * 1024;

export function packageDoors(
  doors: readonly PackageDoor[],
  { packages, verifyPackageToken }: PackageDoorParts,
): Door {
  const byFormat = new Map<string, PackageDoor>(doors.map((door) => [door.format, door]));
  return async (request, response, arrival) => {
    const target = request.url ?? "";
    const mark = target.indexOf("?");
    const address = parsePackageAddress(mark < 0 ? target : target.slice(0, mark), arrival);
    const door = byFormat.get(address?.format ?? "");
    try {
      if (target.length > LONGEST_TARGET)
        throw new PackageError(414, "UriTooLong", "The address is too long.");
      if (address === undefined) throw notFound("There is no package repository at this address.");
      if (door === undefined)
        throw notFound(`This server has no packages of the format '${address.format}' for native clients.`);
      arrival.note({ operation: `${door.format} ${request.method}` });
      const query = new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1));
      const { path, baseUrl } = address;
      const exchange = { request, response, arrival, address, path, query, baseUrl, packages };
      if (await door.welcome?.(exchange)) return;
      const { headers } = request;
      const authorization = door.authorization ? door.authorization(headers) : headers.authorization;
      const token = await authenticate(
        authorization,
        arrival.receivedAt,
        address,
        verifyPackageToken,
        door.challenge,
      );
      arrival.note({ account: token.holder.principal.account });
      await door.handle({ ...exchange, token, call: callOf(token, address, arrival) });
    } catch (error) {
      answerError(error, door?.writeError ?? writeJsonError, { request, response }, arrival);
    }
  };
}

export function callOf(token: PresentedToken, address: PackageAddress, arrival: Arrival): Call {
  return {
    principal: token.holder.principal,
    account: address.owner,
    region: address.region,
    requestId: arrival.requestId,
    now: arrival.receivedAt,
    sourceIp: arrival.sourceIp,
    secure: arrival.secure,
    // The server makes these when asked for, which most requests never do.
    get signal() {
      return arrival.signal;
    },
    get baseUrl() {
      return arrival.baseUrl;
    },
  };
}

function answerError(
  error: unknown,
  write: PackageDoor["writeError"],
  exchange: Answering,
  arrival: Arrival,
): void {
  const { response } = exchange;
  if (response.headersSent) {
    // Mid-stream: only a cut connection tells the client that bytes are missing.
    breakOff(response);
    if (!arrival.signal.aborted) arrival.log.warn({ err: error }, "an answer broke off");
    return;
  }
  if (arrival.signal.aborted && response.destroyed) return;
  const known = packageErrorFrom(error);
  if (known === undefined || known.status >= 500)
    arrival.log.error({ err: known?.cause ?? error }, "the package door could not do it");
  const answer = known ?? new PackageError(500, "InternalServerException", "internal error");
  const { status, code, message } = answer;
  write(exchange, {
    status,
    code,
    message,
    headers: { ...answer.headers, "x-amzn-requestid": arrival.requestId },
  });
}

const writeJsonError: PackageDoor["writeError"] = (exchange, { status, code, message, headers }) =>
  sendJson(exchange, status, { code, message }, { ...headers });
