/**
 * The container registry's native door: the OCI distribution-spec 1.1 (all four categories) and what docker
 * adds to it, over the same engine as the ECR API. This file is the way of a request: who, where, what.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Arrival, Door } from "../../server/door.ts";
import type { Registry } from "../../services/ecr/engine.ts";
import { breakOff } from "../../storage/blobs/sending.ts";
import { authenticate, challenge, type VerifyRegistryToken } from "./authentication.ts";
import { deleteBlob, getBlob, headBlob } from "./blobs.ts";
import { registryErrorFrom } from "./engine-errors.ts";
import { RegistryError } from "./errors.ts";
import { type Exchange, send, sendError, sendJson } from "./exchange.ts";
import { listCatalog, listReferrers, listTags } from "./listings.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { parseQuery } from "./query.ts";
import { type Endpoint, findRoute, type Route } from "./route.ts";
import { appendToUpload, cancelUpload, finishUpload, startUpload, uploadStatus } from "./uploads.ts";

type Handler = (exchange: Exchange) => Promise<void>;

const HANDLERS: Readonly<Record<Endpoint, ReadonlyMap<string, Handler>>> = {
  support: methods({ GET: support, HEAD: support }),
  catalog: methods({ GET: listCatalog, HEAD: listCatalog }),
  manifest: methods({ GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest }),
  blob: methods({ GET: getBlob, HEAD: headBlob, DELETE: deleteBlob }),
  uploads: methods({ POST: startUpload }),
  upload: methods({
    GET: uploadStatus,
    HEAD: uploadStatus,
    PATCH: appendToUpload,
    PUT: finishUpload,
    DELETE: cancelUpload,
  }),
  tags: methods({ GET: listTags, HEAD: listTags }),
  referrers: methods({ GET: listReferrers, HEAD: listReferrers }),
};

export interface RegistryDoorParts {
  readonly registry: Registry;
  readonly verifyRegistryToken: VerifyRegistryToken;
}

export function registryDoor({ registry, verifyRegistryToken }: RegistryDoorParts): Door {
  return async (request, response, arrival) => {
    let route: Route | undefined;
    try {
      const call = await authenticate(request, arrival, verifyRegistryToken);
      if (call === undefined) {
        sendChallenge(request, response, arrival);
        return;
      }
      const target = request.url ?? "";
      const mark = target.indexOf("?");
      route = findRoute(mark < 0 ? target : target.slice(0, mark));
      if (route === undefined) throw new RegistryError(404, "UNSUPPORTED", "no such endpoint");
      const handlers = HANDLERS[route.endpoint];
      const handler = handlers.get(request.method ?? "");
      if (handler === undefined) throw methodNotAllowed(handlers);
      arrival.note({ account: call.account, operation: handler.name });
      const query = parseQuery(mark < 0 ? "" : target.slice(mark + 1));
      await handler({ request, response, call, route, query, registry });
    } catch (error) {
      answerError(error, route, request, response, arrival);
    }
  };
}

async function support(exchange: Exchange): Promise<void> {
  sendJson(exchange, "{}");
}

/** As ECR: plain text, no error document. */
function sendChallenge(request: IncomingMessage, response: ServerResponse, arrival: Arrival): void {
  const body = "Not Authorized\n";
  send(
    { request, response },
    401,
    {
      "www-authenticate": challenge(arrival),
      "content-type": "text/plain; charset=utf-8",
      "content-length": body.length,
    },
    body,
  );
}

function answerError(
  error: unknown,
  route: Route | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  arrival: Arrival,
): void {
  if (response.headersSent) {
    // Mid-stream: only a cut connection tells the client that bytes are missing.
    breakOff(response);
    if (!arrival.signal.aborted) arrival.log.warn({ err: error }, "an answer broke off");
    return;
  }
  if (arrival.signal.aborted && response.destroyed) return;
  const answer = registryErrorFrom(error, route?.endpoint);
  if (answer === undefined) {
    arrival.log.error({ err: error }, "the registry failed");
    sendError({ request, response }, new RegistryError(500, "UNKNOWN", "internal error"), arrival.requestId);
    return;
  }
  if (answer.status >= 500) arrival.log.error({ err: error }, "the registry could not do it");
  sendError({ request, response }, answer, arrival.requestId);
}

function methodNotAllowed(handlers: ReadonlyMap<string, Handler>): RegistryError {
  return new RegistryError(405, "UNSUPPORTED", "the method is not allowed here", {
    headers: { allow: [...handlers.keys()].join(", ") },
  });
}

function methods(table: Readonly<Record<string, Handler>>): ReadonlyMap<string, Handler> {
  return new Map(Object.entries(table));
}
