import { join, resolve } from "node:path";
import { type AccountId, parseAccountId, parseRegion, type Region } from "../aws/names.ts";
import type { RootAccountSettings } from "../identity/root-account.ts";
import type { ListenAddress } from "../server/listener.ts";
import type { TlsChoice } from "../server/open-certificates.ts";
import type { UpstreamSettings } from "../services/codeartifact/upstreams/index.ts";
import type { RootKeySource } from "../services/kms/root-key.ts";
import { ConfigError } from "./errors.ts";
import { type Environment, readSources, type Values } from "./sources.ts";
import { type CommandName, environmentName, type SettingName } from "./table.ts";
import { upstreamConnections } from "./upstream-connections.ts";
import {
  oneOf,
  parseDomain,
  parseListenAddress,
  parsePlace,
  parseSize,
  parseUrl,
  wholeNumber,
} from "./values.ts";

/** The one typed configuration, whatever source each value came from (sources.ts). */
export interface Config {
  /** Absolute. */
  readonly data: string;
  readonly listen: ListenAddress;
  readonly listenPlain: ListenAddress | undefined;
  readonly account: AccountId;
  readonly region: Region;
  /** `postgres://...`, or undefined for SQLite in the data folder. */
  readonly database: string | undefined;
  /** `s3://...`, or undefined for files in the data folder. */
  readonly blobs: string | undefined;
  /** `s3://...` or an absolute folder; undefined for where the others are, or a folder beside them. */
  readonly coldBlobs: string | undefined;
  /** Bytes a second; 0 for never. */
  readonly scrubRate: number;
  readonly domains: readonly string[];
  readonly tls: TlsChoice;
  /** Images that OCI clients push without all of their layers. */
  readonly missingLayers: "refuse" | "accept";
  readonly newBuckets: "closed" | "open";
  /** External connections of package repositories. */
  readonly upstreams: UpstreamSettings;
  readonly logLevel: string;
  /** Bytes. */
  readonly minFreeDisk: number;
  readonly maxConnections: number;
  readonly stallSeconds: number;
  readonly stopSeconds: number;
  readonly daySeconds: number;
  /** Of `lifecycle preview`. */
  readonly preview: { readonly prefix: string; readonly output: "text" | "json" };
  /** Of all encryption. */
  readonly encryptionRootKey: RootKeySource;
  /** Of `root-key change`; absolute. */
  readonly newRootKeyFile: string | undefined;
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

/**
 * Settings of one command, and what stood on its command line besides flags (`account create 111122223333`).
 * Throws ConfigError.
 */
export function readConfig(
  command: CommandName,
  args: readonly string[],
  environment: Environment,
  folder: string = process.cwd(),
): { readonly config: Config; readonly words: readonly string[] } {
  const { values, words } = readSources(command, args, environment, folder);
  return { config: typed(values, folder, environment), words };
}

function typed(values: Values, folder: string, environment: Environment): Config {
  const text = (name: SettingName): string | undefined => {
    const given = values[name];
    if (given && given.length > 1)
      throw new ConfigError(`--${name} was given ${given.length} times; give it once.`);
    return given?.[0];
  };
  const parsed = <Value>(
    name: SettingName,
    parse: (text: string) => Value | undefined,
    wanted: string,
  ): Value => {
    const given = text(name) ?? "";
    const value = parse(given);
    if (value === undefined) {
      throw new ConfigError(
        `--${name} (${environmentName(name)}) is "${withoutPassword(given)}", but must be ${wanted}.`,
      );
    }
    return value;
  };
  const optional = <Value>(name: SettingName, parse: (text: string) => Value | undefined, wanted: string) =>
    values[name] === undefined ? undefined : parsed(name, parse, wanted);

  const tls = tlsChoice(values, text("tls"), folder);
  const listenPlain = optional("listen-plain", parseListenAddress, "HOST:PORT");
  if (listenPlain && tls.mode === "off") {
    throw new ConfigError(
      "--listen-plain is a second address beside TLS; without --tls, --listen is plain already.",
    );
  }
  return {
    data: parsed("data", (path) => (path === "" ? undefined : resolve(folder, path)), "a folder"),
    listen: parsed(
      "listen",
      parseListenAddress,
      "HOST:PORT, such as 127.0.0.1:7560, 0.0.0.0:443 or [::1]:7560",
    ),
    listenPlain,
    account: parsed("account", parseAccountId, "12 digits"),
    region: parsed("region", parseRegion, "a region's name, such as us-east-1"),
    database: optional(
      "database",
      parseUrl("postgres:", "postgresql:"),
      "postgres://USER:PASSWORD@HOST/NAME",
    ),
    blobs: optional("blobs", parseUrl("s3:"), "s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME]"),
    coldBlobs: optional("cold-blobs", parsePlace(folder), "s3://BUCKET[/PREFIX], or a folder"),
    scrubRate: parsed("scrub-rate", parseSize, "a size such as 8MiB, or 0"),
    domains: (values.domain ?? []).map(domainOf),
    tls,
    missingLayers: parsed("missing-layers", oneOf(["refuse", "accept"]), "refuse or accept"),
    newBuckets: parsed("new-buckets", oneOf(["closed", "open"]), "closed or open"),
    upstreams: {
      connections: upstreamConnections(values),
      freshSeconds: parsed("upstream-fresh-seconds", wholeNumber(0, 604_800), "a whole number of seconds"),
      negativeSeconds: parsed(
        "upstream-negative-seconds",
        wholeNumber(0, 86_400),
        "a whole number of seconds",
      ),
      timeoutSeconds: parsed(
        "upstream-timeout-seconds",
        wholeNumber(1, 3600),
        "a whole number of seconds from 1",
      ),
      proxyEnvironment: proxyEnvironment(environment),
    },
    logLevel: parsed("log-level", oneOf(LOG_LEVELS), `one of ${LOG_LEVELS.join(", ")}`),
    minFreeDisk: parsed("min-free-disk", parseSize, "a size such as 512MiB, 10GiB or 0"),
    maxConnections: parsed("max-connections", wholeNumber(1, 1_000_000), "a whole number from 1"),
    stallSeconds: parsed("stall-seconds", wholeNumber(1, 86_400), "a whole number of seconds from 1"),
    stopSeconds: parsed("stop-seconds", wholeNumber(0, 86_400), "a whole number of seconds"),
    daySeconds: parsed("day-seconds", wholeNumber(1, 86_400), "a whole number of seconds from 1 to 86400"),
    preview: {
      prefix: text("prefix") ?? "",
      output:
        text("output") === undefined ? "text" : parsed("output", oneOf(["text", "json"]), "text or json"),
    },
    encryptionRootKey: encryptionRootKey(
      {
        environment: text("root-key"),
        command: text("root-key-command"),
        file: text("root-key-file"),
      },
      folder,
      { data: resolve(folder, text("data") ?? ""), shared: values.database !== undefined },
    ),
    newRootKeyFile: optional(
      "new-root-key-file",
      (path) => (path === "" ? undefined : resolve(folder, path)),
      "a file",
    ),
    rootKey: rootKey(text("root-access-key-id"), text("root-secret-access-key")),
  };
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

function tlsChoice(values: Values, mode: string | undefined, folder: string): TlsChoice {
  const certs = values["tls-cert"] ?? [];
  const keys = values["tls-key"] ?? [];
  if (certs.length !== keys.length) {
    throw new ConfigError(
      `--tls-cert was given ${certs.length} times and --tls-key ${keys.length} times; they come in pairs.`,
    );
  }
  if (mode !== undefined && mode !== "auto" && mode !== "off") {
    throw new ConfigError(
      `--tls is "${mode}", but must be auto or off (own certificates: --tls-cert and --tls-key).`,
    );
  }
  if (certs.length > 0) {
    if (mode !== undefined) {
      throw new ConfigError(`--tls ${mode} and --tls-cert exclude each other; leave --tls away.`);
    }
    const pairs = certs.map((cert, index) => ({
      cert: resolve(folder, cert),
      key: resolve(folder, keys[index] ?? ""),
    }));
    return { mode: "files", pairs };
  }
  return { mode: mode ?? "off" };
}

function domainOf(text: string): string {
  const domain = parseDomain(text);
  if (domain !== undefined) return domain;
  throw new ConfigError(`--domain is "${text}", but must be a domain name such as artifacts.example.com.`);
}

/** As every program reads them, in capitals or not. */
const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

function proxyEnvironment(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => PROXY_VARIABLES.includes(name.toUpperCase())),
  );
}

function rootKey(accessKeyId: string | undefined, secretAccessKey: string | undefined): Config["rootKey"] {
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new ConfigError(
      "SHOSOIN_ROOT_ACCESS_KEY_ID and SHOSOIN_ROOT_SECRET_ACCESS_KEY come together; one of them is missing.",
    );
  }
  return { accessKeyId, secretAccessKey };
}

function encryptionRootKey(
  given: {
    readonly environment: string | undefined;
    readonly command: string | undefined;
    readonly file: string | undefined;
  },
  folder: string,
  server: { readonly data: string; readonly shared: boolean },
): RootKeySource {
  if (Object.values(given).filter((value) => value !== undefined).length > 1) {
    throw new ConfigError(
      "--root-key-file, --root-key-command and SHOSOIN_ROOT_KEY exclude each other: give one of them.",
    );
  }
  if (given.environment !== undefined) return { kind: "environment", text: given.environment };
  if (given.command !== undefined) return { kind: "command", command: given.command };
  const path = given.file === undefined ? join(server.data, "root.key") : resolve(folder, given.file);
  return { kind: "file", path, make: !server.shared };
}

/** The database as `openMetadata` takes it. */
export function databaseUrl(config: Config): string {
  return config.database ?? join(config.data, "metadata.db");
}

/** Servers that share a database share the root key through it; an embedded one keeps it in its folder. */
export function rootAccountSettings(config: Config): RootAccountSettings {
  return {
    accountId: config.account,
    rootKey: config.rootKey,
    dataFolder: config.database === undefined ? config.data : undefined,
  };
}

/** A URL that cannot be used may still hold a password that can, and errors end up in logs. */
function withoutPassword(text: string): string {
  return text.replace(/:\/\/.*@/s, "://...@");
}
