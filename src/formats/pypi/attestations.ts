/**
 * Attestations of an upload (PEP 740, "Upload endpoint changes"): kept as the file's provenance document if they speak
 * of this very file. Their signatures are not verified here; no publisher is claimed for them.
 */
import { PackageInvalid } from "../../services/codeartifact/format.ts";

const MOST_ATTESTATIONS = 20;

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param field the form's `attestations`, a JSON array. Throws PackageInvalid for what is none, or of another file. */
export function provenanceOf(
  field: string | undefined,
  fileName: string,
  sha256: string,
): Uint8Array | undefined {
  if (field === undefined || field === "") return undefined;
  const attestations = parseJson(field);
  if (!Array.isArray(attestations) || attestations.length > MOST_ATTESTATIONS)
    throw new PackageInvalid(`the attestations are no list of at most ${MOST_ATTESTATIONS}`);
  if (attestations.length === 0) return undefined;
  for (const attestation of attestations) checkSubject(attestation, fileName, sha256);
  const bundle = { publisher: { kind: "unverified" }, attestations };
  return Buffer.from(JSON.stringify({ version: 1, attestation_bundles: [bundle] }));
}

function checkSubject(attestation: unknown, fileName: string, sha256: string): void {
  const envelope = isFields(attestation) ? attestation["envelope"] : undefined;
  const text = isFields(envelope) ? envelope["statement"] : undefined;
  const statement =
    typeof text === "string" ? parseJson(Buffer.from(text, "base64").toString("utf8")) : undefined;
  const subjects = isFields(statement) ? statement["subject"] : undefined;
  const [subject] = Array.isArray(subjects) ? (subjects as readonly unknown[]) : [];
  const digest = isFields(subject) ? subject["digest"] : undefined;
  if (!isFields(subject) || subject["name"] !== fileName || !isFields(digest) || digest["sha256"] !== sha256)
    throw new PackageInvalid(`an attestation is not about ${fileName} as it was uploaded`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PackageInvalid("the attestations are not valid JSON");
  }
}
