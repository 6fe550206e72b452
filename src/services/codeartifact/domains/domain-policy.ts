import type {
  DeleteDomainPermissionsPolicyCommandInput,
  GetDomainPermissionsPolicyCommandInput,
  PutDomainPermissionsPolicyCommandInput,
} from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import {
  authorizeDomain,
  type DomainRow,
  domainInTransaction,
  domainNamed,
  findDomain,
  openDomain,
} from "../access.ts";
import type { CodeArtifactContext } from "../context.ts";
import { domainNotFound } from "../errors.ts";
import { domainArn } from "../names.ts";
import {
  checkPolicyDocument,
  checkPolicyRevision,
  newPolicyRevision,
  type PolicyHolder,
  requirePolicy,
} from "../policy-document.ts";
import { touchGraph } from "../revisions.ts";

/** The policy that is there is not asked, so that nobody can lock the owner out (API reference). */
export async function putDomainPermissionsPolicy(
  context: CodeArtifactContext,
  call: Call,
  input: PutDomainPermissionsPolicyCommandInput,
) {
  const { owner, domain: name } = domainNamed(call, input);
  const document = input.policyDocument ?? "";
  const domain = await findDomain(context.metadata.reader, { owner, region: call.region, domain: name });
  const asked = { owner, name, row: domain && { ...domain, policy: null } };
  authorizeDomain(context.authorize, call, asked, "codeartifact:PutDomainPermissionsPolicy");
  if (domain === undefined) throw domainNotFound(name, owner);
  checkPolicyDocument(document);
  const revision = newPolicyRevision();
  await context.metadata.write(async (tx) => {
    checkPolicyRevision(await domainInTransaction(tx, domain), input.policyRevision, holderOf(domain));
    await setPolicy(tx, domain, document, revision);
  });
  return { policy: describe(domain, document, revision) };
}

export async function getDomainPermissionsPolicy(
  context: CodeArtifactContext,
  call: Call,
  input: GetDomainPermissionsPolicyCommandInput,
) {
  const action = "codeartifact:GetDomainPermissionsPolicy";
  const domain = await openDomain(context, call, input, action);
  const { document, revision } = requirePolicy(domain, holderOf(domain));
  return { policy: describe(domain, document, revision) };
}

export async function deleteDomainPermissionsPolicy(
  context: CodeArtifactContext,
  call: Call,
  input: DeleteDomainPermissionsPolicyCommandInput,
) {
  const action = "codeartifact:DeleteDomainPermissionsPolicy";
  const domain = await openDomain(context, call, input, action);
  const { document, revision } = await context.metadata.write(async (tx) => {
    const current = await domainInTransaction(tx, domain);
    const removed = requirePolicy(current, holderOf(domain));
    checkPolicyRevision(current, input.policyRevision, holderOf(domain));
    await setPolicy(tx, domain, null, null);
    return removed;
  });
  return { policy: describe(domain, document, revision) };
}

async function setPolicy(
  tx: Transaction,
  { id }: DomainRow,
  policy: string | null,
  revision: string | null,
): Promise<void> {
  await tx
    .updateTable("codeartifact_domains")
    .set({ policy, policy_revision: revision })
    .where("id", "=", id)
    .execute();
  await touchGraph(tx, id);
}

function holderOf({ name }: DomainRow): PolicyHolder {
  return { type: "domain", name };
}

function describe({ account: owner, region, name }: DomainRow, document: string, revision: string) {
  return { resourceArn: domainArn({ owner, region, domain: name }), revision, document };
}
