/**
 * The registry policy in its scope V2: it speaks about every ECR action on the registry's repositories, beside each
 * repository's own policy (ECR API reference, PutAccountSetting, REGISTRY_POLICY_SCOPE). Both together are one document: an explicit
 * deny in either wins, an allow in either lets in.
 */
import { BoundedCache } from "../../bounded-cache.ts";

const combined = new BoundedCache<string, string>(200);

export function combinePolicies(
  repositoryPolicy: string | null,
  registryPolicy: string | null,
): string | undefined {
  if (repositoryPolicy === null || registryPolicy === null)
    return repositoryPolicy ?? registryPolicy ?? undefined;
  const key = `${repositoryPolicy.length} ${repositoryPolicy}${registryPolicy}`;
  let document = combined.get(key);
  if (document === undefined) {
    document = JSON.stringify({
      Version: "2012-10-17",
      Statement: [...statements(repositoryPolicy), ...statements(registryPolicy)],
    });
    combined.set(key, document);
  }
  return document;
}

/** Both were validated when they were stored. Sids may collide across the two, so they go. */
function statements(policy: string): object[] {
  const { Statement: statement } = JSON.parse(policy) as { Statement: object | object[] };
  return [statement].flat().map((one) => ({ ...one, Sid: undefined }));
}
