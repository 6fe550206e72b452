import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { createSecureContext, type SecureContext } from "node:tls";
import type { CertificateAuthority } from "./certificate-authority.ts";

/** Which certificate a TLS client gets: by the name it asks for (SNI, RFC 6066 section 3), else the current one. */
export interface ServerCertificates {
  /** For clients that ask for no name, such as `https://127.0.0.1`. PEM. */
  current(): { readonly cert: string; readonly key: string };
  /** Undefined: the current one will do. */
  contextFor(name: string): Promise<SecureContext | undefined>;
  onChange(listener: (current: { readonly cert: string; readonly key: string }) => void): void;
  /** Renews what is near its end, or changed on disk. Called every hour. */
  refresh(now: Date): Promise<void>;
}

const DAY = 86_400_000;
const RENEW_BEFORE = 30 * DAY;
/** Names that clients can make us sign for; beyond it the oldest goes. */
const MAX_NAMES = 2000;

/**
 * Certificates of an own authority, made for each name under our domains when a client first asks for it: a
 * registry host has account and region in it and a wildcard covers one label only, so no list could hold all.
 */
export async function authorityCertificates(
  authority: CertificateAuthority,
  options: {
    readonly domains: readonly string[];
    readonly listenHost: string;
    readonly now: () => Date;
  },
): Promise<ServerCertificates> {
  const names = ["localhost", "127.0.0.1", "::1", hostname(), options.listenHost, ...options.domains];
  const everywhere = new Set(["0.0.0.0", "::", ""]);
  const ownNames = [...new Set(names)].filter((name) => !everywhere.has(name));
  const suffixes = [...options.domains, "localhost", "amazonaws.com"].map((domain) => `.${domain}`);
  const contexts = new Map<string, { readonly context: SecureContext; readonly expiresAt: Date }>();
  const listeners: ((current: { cert: string; key: string }) => void)[] = [];
  let current = await authority.issue(ownNames, options.now());

  return {
    current: () => current,
    async contextFor(asked) {
      const name = asked.toLowerCase();
      if (!suffixes.some((suffix) => name.endsWith(suffix))) return undefined;
      if (name.length > 253 || !/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+$/.test(name)) return undefined;
      const now = options.now();
      const known = contexts.get(name);
      if (known && known.expiresAt.getTime() - now.getTime() > RENEW_BEFORE) return known.context;
      const { cert, key, expiresAt } = await authority.issue([name], now);
      const context = createSecureContext({ cert, key });
      if (contexts.size >= MAX_NAMES) contexts.delete(contexts.keys().next().value ?? "");
      contexts.set(name, { context, expiresAt });
      return context;
    },
    onChange: (listener) => listeners.push(listener),
    async refresh(now) {
      if (current.expiresAt.getTime() - now.getTime() > RENEW_BEFORE) return;
      current = await authority.issue(ownNames, now);
      for (const listener of listeners) listener(current);
    },
  };
}

interface LoadedPair {
  readonly files: { readonly cert: string; readonly key: string };
  readonly cert: string;
  readonly key: string;
  readonly context: SecureContext;
  readonly certificate: X509Certificate;
  /** Modification times of both files, to see a renewal. */
  readonly version: string;
}

/** The operator's own certificates; renewed files are taken over while serving. */
export async function fileCertificates(
  pairs: readonly { readonly cert: string; readonly key: string }[],
  onProblem: (error: Error) => void,
): Promise<ServerCertificates> {
  let loaded = await Promise.all(pairs.map(loadPair));
  const listeners: ((current: { cert: string; key: string }) => void)[] = [];
  const current = () => {
    const [first] = loaded;
    if (!first) throw new Error("TLS needs at least one certificate");
    return { cert: first.cert, key: first.key };
  };

  return {
    current,
    contextFor: async (name) => loaded.find(({ certificate }) => certificate.checkHost(name))?.context,
    onChange: (listener) => listeners.push(listener),
    async refresh() {
      try {
        const versions = await Promise.all(pairs.map(versionOf));
        if (versions.every((version, index) => version === loaded[index]?.version)) return;
        loaded = await Promise.all(pairs.map(loadPair));
        for (const listener of listeners) listener(current());
      } catch (error) {
        // A renewal half written: the certificates in memory are still good, the next hour tries again.
        onProblem(error as Error);
      }
    },
  };
}

async function loadPair(files: { readonly cert: string; readonly key: string }): Promise<LoadedPair> {
  const version = await versionOf(files);
  const [cert, key] = await Promise.all([readFile(files.cert, "utf8"), readFile(files.key, "utf8")]);
  try {
    const context = createSecureContext({ cert, key });
    return { files, cert, key, context, certificate: new X509Certificate(cert), version };
  } catch (error) {
    throw new Error(
      `${files.cert} and ${files.key} are no usable pair of PEM files: ${(error as Error).message}`,
    );
  }
}

async function versionOf(files: { readonly cert: string; readonly key: string }): Promise<string> {
  const [cert, key] = await Promise.all([stat(files.cert), stat(files.key)]);
  return `${cert.mtimeMs} ${key.mtimeMs}`;
}
