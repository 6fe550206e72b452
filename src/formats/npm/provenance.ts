/**
 * The Sigstore bundle that `npm publish --provenance` attaches: an in-toto statement in a DSSE envelope. What is checked
 * is that it speaks of this package's bytes; whose signature it bears is for those who verify it.
 */
import { PackageInvalid, type PackageName } from "../../services/codeartifact/format.ts";
import { isObject, type JsonObject, objectOf, parseObject, textOf } from "./json.ts";
import { fullName } from "./names.ts";

export interface Provenance {
  readonly predicateType: string;
  /** As `/-/npm/v1/attestations/NAME@VERSION` answers it. */
  readonly document: Uint8Array;
}

/** Undefined when none is attached. Throws PackageInvalid when it is none, or one of other bytes. */
export function attachedProvenance(
  attachments: JsonObject,
  name: PackageName,
  version: string,
  sha512: string,
): Provenance | undefined {
  const [attached] = Object.entries(attachments).filter(([file]) => file.endsWith(".sigstore"));
  if (attached === undefined) return undefined;
  const bundle = parseObject(textOf(objectOf(attached[1])["data"]) ?? "", "The provenance bundle");
  const payload = textOf(objectOf(bundle["dsseEnvelope"])["payload"]);
  if (payload === undefined) throw new PackageInvalid("The provenance bundle has no signed statement.");
  const statement = parseObject(Buffer.from(payload, "base64").toString("utf8"), "The provenance statement");
  const predicateType = textOf(statement["predicateType"]);
  if (predicateType === undefined)
    throw new PackageInvalid("The provenance statement says no predicate type.");
  const subjects = Array.isArray(statement["subject"]) ? statement["subject"] : [];
  if (!subjects.some((subject) => isObject(subject) && objectOf(subject["digest"])["sha512"] === sha512))
    throw new PackageInvalid(
      `The provenance statement is not about ${fullName(name)}@${version}: its digest is another.`,
    );
  const document = Buffer.from(JSON.stringify({ attestations: [{ predicateType, bundle }] }));
  return { predicateType, document };
}
