import type { Region } from "../names.ts";
import type { PayloadDeclaration } from "./payload.ts";

/** A request as it came over the socket: nothing decoded, nothing merged. */
export interface RawRequest {
  readonly method: string;
  /** Node's `request.url`: path and query, percent-encoding untouched. */
  readonly target: string;
  /** Node's `request.rawHeaders`: name, value, name, value, ... in the order and case of the wire. */
  readonly rawHeaders: readonly string[];
}

/** `20150830/us-east-1/iam/aws4_request` */
export interface CredentialScope {
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: Region;
  /** The signing name: `ecr`, `sts`, `s3`. */
  readonly service: string;
}

/** What a request says about who signed it. Nothing in here is proven before `verifySignature` returned. */
export interface SignedRequest {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly signedAt: Date;
  /** Lower-case names, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** 64 hex digits. */
  readonly signature: string;
  /** What the signer says about the body. */
  readonly payload: PayloadDeclaration;
  readonly sessionToken: string | undefined;
  /** Whether the signature came in the query (a presigned URL) instead of the Authorization header. */
  readonly presigned: boolean;
}
