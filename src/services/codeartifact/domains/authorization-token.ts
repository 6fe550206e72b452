import type { GetAuthorizationTokenCommandInput } from "@aws-sdk/client-codeartifact";
import type { AccountId, Region } from "../../../aws/names.ts";
import type { Call } from "../../../identity/call.ts";
import { openDomain } from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { validation } from "../errors.ts";

/** In seconds (CodeArtifact user guide, "Authentication and tokens"). */
const SHORTEST = 900;
const LONGEST = 43_200;

/** A password for package managers with the caller's own rights, for the repositories of one domain. */
export async function getAuthorizationToken(
  context: CodeArtifactContext,
  call: Call,
  input: GetAuthorizationTokenCommandInput,
) {
  const seconds = secondsOf(input.durationSeconds);
  const domain = await openDomain(context, call, input, "codeartifact:GetAuthorizationToken");
  const { token, expiresAt } = await context.identity.issuePackageToken(
    call.principal,
    { account: domain.account as AccountId, region: domain.region as Region, domain: domain.name },
    seconds,
    call.now,
  );
  return { authorizationToken: token, expiration: expiresAt };
}

/** 0 asks for the life of the caller's temporary credentials; keys without an end get the longest there is. */
function secondsOf(duration: number | undefined): number {
  if (duration === undefined || duration === 0) return LONGEST;
  if (duration >= SHORTEST && duration <= LONGEST) return duration;
  throw validation(`durationSeconds must be 0 or a value between ${SHORTEST} and ${LONGEST}.`);
}
