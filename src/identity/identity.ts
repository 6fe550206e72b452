import type { Region } from "../aws/names.ts";
import { verifySignatureV2 } from "../aws/sigv2/verify.ts";
import { SignatureProblem } from "../aws/sigv4/problems.ts";
import type { CredentialScope, RawRequest, SignedRequest } from "../aws/sigv4/signed-request.ts";
import { signingKey } from "../aws/sigv4/signing-key.ts";
import { verifySignature } from "../aws/sigv4/verify.ts";
import type { Clock } from "../clock.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import { AccessKeys } from "./access-keys.ts";
import type { Principal } from "./call.ts";
import { type PackageTokenDomain, PackageTokens, type VerifiedPackageToken } from "./package-token.ts";
import { rootPrincipal } from "./principal.ts";
import { type IssuedToken, type RegistryTokenHolder, RegistryTokens } from "./registry-token.ts";
import type { Secrets } from "./secrets.ts";

/** "Who is this": every door authenticates through it. */
export interface Identity {
  /**
   * The principal whose access key signed; throws SignatureProblem (unknown key, wrong signature, session
   * token). `bodySha256` as in `verifySignature`; it is asked for only when the key exists, so that nobody makes
   * us read a body with a key that they made up.
   */
  authenticate(
    signed: SignedRequest,
    request: RawRequest,
    bodySha256?: () => Promise<string>,
  ): Promise<Principal>;

  /**
   * The principal whose access key signed `text` by Signature Version 2, which URLs and forms still come with. Throws
   * SignatureProblem.
   */
  authenticateV2(accessKeyId: string, text: string, signature: string): Promise<Principal>;

  /**
   * What signs in the name of an access key within a scope (chunks of a body, a browser's form), and whose key it is;
   * undefined for an unknown key.
   */
  signerOf(accessKeyId: string, scope: CredentialScope): Promise<Signer | undefined>;

  /** A password for `docker login`: 12 hours, no colon, safe in URLs. Dies with its access key. */
  issueRegistryToken(principal: Principal, region: Region, now: Date): Promise<IssuedToken>;

  /** Undefined when the token is not ours, expired, or its access key is gone or has another secret. */
  verifyRegistryToken(token: string, now: Date): Promise<RegistryTokenHolder | undefined>;

  /** A password for package managers, for one domain. Dies with its access key. */
  issuePackageToken(
    principal: Principal,
    domain: PackageTokenDomain,
    seconds: number,
    now: Date,
  ): Promise<IssuedToken>;

  /** Knows nothing of revocation: whoever lets package managers in asks CodeArtifact's `verifyPackageToken`. */
  provePackageToken(token: string, now: Date): Promise<VerifiedPackageToken>;
}

export interface Signer {
  readonly principal: Principal;
  /** The derived key of one day, region and service. */
  readonly key: Buffer;
}

export function createIdentity(metadata: Metadata, secrets: Secrets, clock: Clock): Identity {
  const accessKeys = new AccessKeys(metadata.reader, clock);
  const tokens = new RegistryTokens(secrets, accessKeys);
  const packageTokens = new PackageTokens(secrets, accessKeys);
  return {
    async authenticate(signed, request, bodySha256) {
      // Only long-term root keys exist: no session of ours can be behind a token.
      if (signed.sessionToken) throw new SignatureProblem("invalid-session-token");
      const key = await accessKeys.find(signed.accessKeyId);
      if (!key) throw new SignatureProblem("unknown-key", "", { AWSAccessKeyId: signed.accessKeyId });
      verifySignature(signed, key.secretAccessKey, request, await bodySha256?.());
      return rootPrincipal(key.account, key.accessKeyId);
    },
    async authenticateV2(accessKeyId, text, signature) {
      const key = await accessKeys.find(accessKeyId);
      if (!key) throw new SignatureProblem("unknown-key", "", { AWSAccessKeyId: accessKeyId });
      verifySignatureV2(key.secretAccessKey, text, signature);
      return rootPrincipal(key.account, key.accessKeyId);
    },
    async signerOf(accessKeyId, scope) {
      const found = await accessKeys.find(accessKeyId);
      return (
        found && {
          principal: rootPrincipal(found.account, found.accessKeyId),
          key: signingKey(found.secretAccessKey, scope),
        }
      );
    },
    issueRegistryToken: (principal, region, now) => tokens.issue(principal, region, now),
    verifyRegistryToken: (token, now) => tokens.verify(token, now),
    issuePackageToken: (principal, domain, seconds, now) =>
      packageTokens.issue(principal, domain, seconds, now),
    provePackageToken: (token, now) => packageTokens.verify(token, now),
  };
}
