import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { AccountId, Region } from "../aws/names.ts";

/** What the host name of a request says (docs/architecture.md, "Names and hosts"). */
export interface HostNames {
  /** `123456789012.dkr.ecr.us-east-1.<domain>` and the like name both. */
  readonly account?: AccountId;
  readonly region?: Region;
  /** `<bucket>.s3.<region>.<domain>` */
  readonly bucket?: string;
  /** `<domain>-<owner>.d.codeartifact.<region>.<domain>`: the package domain; its owner is `account`. */
  readonly packageDomain?: string;
  /** `<service>.<region>.<domain>`, as the host calls it: `sts`, `api.ecr`. A signature's scope goes before it. */
  readonly service?: string;
}

/** One request as the server hands it to a door. */
export interface Arrival {
  readonly requestId: string;
  readonly receivedAt: Date;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly host: HostNames;
  readonly sourceIp: string;
  readonly secure: boolean;
  /** `1.3`; undefined over plain HTTP. */
  readonly tlsVersion?: string | undefined;
  /** `http://localhost:7560`: scheme and host as the client wrote them. */
  readonly baseUrl: string;
  /** Adds to this request's line in the access log, as soon as the door knows: who asked, and for what. */
  note(facts: { readonly account?: AccountId; readonly operation?: string }): void;
}

/**
 * Answers one protocol. It authenticates, parses its wire into a typed call, asks an engine, and writes the
 * answer or the protocol's own error document. `request.url` and `request.rawHeaders` are as they came.
 * A client that sent `Expect: 100-continue` is told to go on when the door first reads the body, so a door
 * that refuses before reading spares it the upload.
 * A throw is a bug: the server logs it and answers 500 if nothing was sent yet.
 */
export type Door = (request: IncomingMessage, response: ServerResponse, arrival: Arrival) => Promise<void>;
