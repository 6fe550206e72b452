// @peculiar/x509 is built on decorators' metadata and does not load without it.
import "reflect-metadata";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/**
 * The authority of `--tls auto`: its key and certificate lie in the data folder, and clients trust `ca.pem`.
 * It signs certificates for servers only (RFC 5280; CA/Browser Forum lengths for leaves), in ECDSA P-256.
 *
 *     tls/ca.pem        given to clients
 *     tls/ca-key.pem    0600
 */
export interface CertificateAuthority {
  /** Path of ca.pem. */
  readonly file: string;
  readonly expiresAt: Date;
  /** A certificate for these host names and IP addresses; the first is its subject. */
  issue(names: readonly string[], now: Date): Promise<IssuedCertificate>;
}

export interface IssuedCertificate {
  /** PEM: the certificate, then the authority's. */
  readonly cert: string;
  readonly key: string;
  readonly expiresAt: Date;
}

const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 90;
/** Clients' clocks may be behind ours. */
const BACKDATE = DAY;

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Opens the authority in `folder`, or makes it. */
export async function openCertificateAuthority(folder: string, now: Date): Promise<CertificateAuthority> {
  const file = join(folder, "ca.pem");
  const keyFile = join(folder, "ca-key.pem");
  const existing = await readIfThere(keyFile);
  if (existing === undefined) await makeAuthority(folder, file, keyFile, now);
  const certificate = new X509Certificate(await readFile(file, "utf8"));
  const signingKey = await importKey(await readFile(keyFile, "utf8"));
  // One key for all leaves of this process: making a key costs more than signing with one.
  const leafKeys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const leafKeyPem = await exportKey(leafKeys.privateKey);

  return {
    file,
    expiresAt: certificate.notAfter,
    async issue(names, now) {
      const expiresAt = new Date(Math.min(now.getTime() + LEAF_DAYS * DAY, certificate.notAfter.getTime()));
      const leaf = await X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: [{ CN: [(names[0] ?? "localhost").slice(0, 64)] }],
        issuer: certificate.subject,
        notBefore: new Date(now.getTime() - BACKDATE),
        notAfter: expiresAt,
        signingAlgorithm: ALGORITHM,
        publicKey: leafKeys.publicKey,
        signingKey,
        extensions: [
          new SubjectAlternativeNameExtension(
            names.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value })),
          ),
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          await SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
          await AuthorityKeyIdentifierExtension.create(certificate),
        ],
      });
      return {
        cert: `${leaf.toString("pem")}\n${certificate.toString("pem")}\n`,
        key: leafKeyPem,
        expiresAt,
      };
    },
  };
}

async function makeAuthority(folder: string, file: string, keyFile: string, now: Date): Promise<void> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const name = `Shosoin ${randomBytes(4).toString("hex")}`;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }, { O: ["Shosoin"] }],
    notBefore: new Date(now.getTime() - BACKDATE),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(file, `${certificate.toString("pem")}\n`, 0o644);
  // The key last: it is what tells the next start that the authority is complete.
  await writeWhole(keyFile, await exportKey(keys.privateKey), 0o600);
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode, flush: true });
  await chmod(temporary, mode);
  await rename(temporary, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** RFC 5280 section 4.1.2.2: positive, at most 20 octets. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function exportKey(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function importKey(pem: string): Promise<CryptoKey> {
  const [der] = PemConverter.decode(pem);
  if (!der) throw new Error("the authority's key file holds no key");
  return crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}
