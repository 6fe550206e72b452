import type { AccountId, Region } from "../aws/names.ts";

/** Who is asking. Only root principals exist for now; users and roles join this union later. */
export interface Principal {
  readonly kind: "root";
  readonly account: AccountId;
  /** `arn:aws:iam::123456789012:root` */
  readonly arn: string;
  /** What STS GetCallerIdentity calls UserId; for a root principal the account id. */
  readonly userId: string;
  /** The access key that signed, or the one a token was made with. */
  readonly accessKeyId: string;
}

/** Nobody in particular: a request without a signature. Only a resource policy that names everybody lets it in. */
export interface Anonymous {
  readonly kind: "anonymous";
  /** Equal to no account. */
  readonly account: AccountId;
  readonly arn: "anonymous";
  readonly userId: "anonymous";
  readonly accessKeyId: "";
}

/** One authenticated request, as every engine function receives it: who, where, when. */
export interface Call {
  readonly principal: Principal;
  /** The account whose resources are meant; the caller's own unless the request names another. */
  readonly account: AccountId;
  readonly region: Region;
  readonly requestId: string;
  readonly now: Date;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** The client's address, for `aws:SourceIp`. */
  readonly sourceIp: string;
  /** Whether it came over TLS, for `aws:SecureTransport`. */
  readonly secure: boolean;
  /** `http://localhost:7560`: how the client reached us, for addresses we hand out. */
  readonly baseUrl: string;
}

/** A call of a service that serves callers without a signature too. */
export interface OpenCall extends Omit<Call, "principal"> {
  readonly principal: Principal | Anonymous;
}

/** What is being asked for, in the words of IAM. */
export interface AccessRequest {
  /** `ecr:PutImage` */
  readonly action: string;
  /** ARN of the resource, or `*` for actions that have none. */
  readonly resource: string;
  /** The account that owns the resource. */
  readonly resourceAccount: AccountId;
  /** The resource's own policy document, as stored. */
  readonly resourcePolicy?: string | undefined;
  /** For KMS keys: the resource's policy must allow, also for the account that owns it. */
  readonly resourceDecides?: true;
  /** Condition keys beyond the global ones (`ecr:ResourceTag/team`). */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Throws the AccessDeniedException with AWS's wording unless identity and resource policies let the call pass. */
export type Authorize = (call: OpenCall, request: AccessRequest) => void;
