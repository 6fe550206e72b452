import type { AccountId, Region } from "../aws/names.ts";
import type { RawRequest, SignedRequest } from "../aws/sigv4/signed-request.ts";
import type { Principal } from "./call.ts";

/** What a registry token was issued for. */
export interface RegistryTokenHolder {
  readonly principal: Principal;
  readonly account: AccountId;
  readonly region: Region;
}

/** "Who is this": every door authenticates through it. */
export interface Identity {
  /**
   * The principal whose access key signed; throws SignatureProblem (unknown key, wrong signature, session
   * token). `bodySha256` as in `verifySignature`.
   */
  authenticate(signed: SignedRequest, request: RawRequest, bodySha256?: string): Promise<Principal>;

  /** A password for `docker login`: 12 hours, no colon, safe in URLs. Dies with its access key. */
  issueRegistryToken(
    principal: Principal,
    region: Region,
    now: Date,
  ): Promise<{ token: string; expiresAt: Date }>;

  /** Undefined when the token is not ours, expired, or its access key is gone or has another secret. */
  verifyRegistryToken(token: string, now: Date): Promise<RegistryTokenHolder | undefined>;
}
