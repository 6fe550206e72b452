/** The certificates that the settings ask for. */
import { join } from "node:path";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { authorityCertificates, fileCertificates, type ServerCertificates } from "./server-certificates.ts";

/** `files` are pairs of PEM files. */
export type TlsChoice =
  | { readonly mode: "off" }
  | { readonly mode: "auto" }
  | { readonly mode: "files"; readonly pairs: readonly { readonly cert: string; readonly key: string }[] };

export interface CertificatePlace {
  readonly tls: TlsChoice;
  /** The server's folder. */
  readonly data: string;
  readonly domains: readonly string[];
  readonly listen: { readonly host: string };
}

export async function openCertificates(
  { tls, data, domains, listen }: CertificatePlace,
  clock: Clock,
  log: Logger,
): Promise<{ certificates: ServerCertificates; caFile?: string } | undefined> {
  if (tls.mode === "off") return undefined;
  if (tls.mode === "files") {
    const onProblem = (error: Error) => log.error({ err: error }, "renewed certificates cannot be used");
    return { certificates: await fileCertificates(tls.pairs, onProblem) };
  }
  // X.509 is a tenth of a second to load, and few servers make their own. It needs the metadata polyfill before
  // it; in the single executable, Bun 1.4 runs a lazily loaded module's first import after its second.
  await import("reflect-metadata");
  const { openCertificateAuthority } = await import("./certificate-authority.ts");
  const authority = await openCertificateAuthority(join(data, "tls"), clock.now());
  const certificates = await authorityCertificates(authority, {
    domains,
    listenHost: listen.host,
    now: clock.now,
  });
  return { certificates, caFile: authority.file };
}
