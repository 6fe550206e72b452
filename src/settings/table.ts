/**
 * Every setting of the server, as data: its flag, its environment variable and its key in shosoin.yaml have
 * one name, so help, parsing and documentation come from this one table. How the values are written is in values.ts, what they mean in config.ts.
 */
export type CommandName = "serve" | "env" | "account" | "lifecycle" | "root-key";

export interface Setting {
  /** `--log-level`, `SHOSOIN_LOG_LEVEL`, `log-level:` */
  readonly name: string;
  /** How a value looks, for the help. */
  readonly value: string;
  readonly fallback?: string;
  /** May be given more than once; in the environment its values are separated by commas. */
  readonly repeatable?: true;
  /** A secret or a rehearsal: only from the environment, never on a command line that others can read. */
  readonly environmentOnly?: true;
  /** Holds secrets but is too long for a variable alone: from shosoin.yaml or the environment, never a flag. */
  readonly noFlag?: true;
  readonly commands: readonly CommandName[];
  readonly help: string;
}

const ALL: readonly CommandName[] = ["serve", "env", "account", "lifecycle", "root-key"];
const SERVE: readonly CommandName[] = ["serve"];
const SERVE_AND_ROOT_KEY: readonly CommandName[] = ["serve", "root-key"];

export const SETTINGS = [
  {
    name: "data",
    value: "DIR",
    fallback: "./shosoin-data",
    commands: ALL,
    help: "Folder of this server: database, artifacts, keys, certificates. One server at a time.",
  },
  {
    name: "config",
    value: "FILE",
    commands: ALL,
    help: "Settings file; ./shosoin.yaml is read when it exists. Its keys are the names of these flags.",
  },
  {
    name: "listen",
    value: "HOST:PORT",
    fallback: "127.0.0.1:7560",
    commands: SERVE,
    help: "Address to serve on; with --tls it speaks TLS. Port 0 takes a free one. 0.0.0.0 or [::] is every network.",
  },
  {
    name: "listen-plain",
    value: "HOST:PORT",
    commands: SERVE,
    help: "A second address without TLS, beside --listen with TLS (for this machine, or behind a proxy).",
  },
  {
    name: "account",
    value: "ID",
    fallback: "123456789012",
    commands: ["serve", "env"],
    help: "The first account, 12 digits; made when the data folder is new.",
  },
  {
    name: "region",
    value: "NAME",
    fallback: "us-east-1",
    commands: ["serve", "env"],
    help: "Region when a request names none.",
  },
  {
    name: "database",
    value: "URL",
    commands: ALL,
    help: "postgres://USER:PASSWORD@HOST/NAME for a cluster; without it SQLite in the data folder.",
  },
  {
    name: "blobs",
    value: "URL",
    commands: SERVE,
    help: "s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME] for a cluster; without it files in the data folder.",
  },
  {
    name: "cold-blobs",
    value: "URL|FOLDER",
    commands: SERVE,
    help: "Where archived objects lie, compressed: s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME], or a folder, perhaps on a slower disk. By default cold in the data folder, or what --blobs says. Not to be changed once something lies there.",
  },
  {
    name: "scrub-rate",
    value: "SIZE",
    fallback: "8MiB",
    commands: SERVE,
    help: "At how many bytes a second everything stored is read again once a week, to find damage before it is needed (8MiB: 690 GB a day, a small part of what one disk reads); 0 for never.",
  },
  {
    name: "root-key-file",
    value: "FILE",
    commands: SERVE_AND_ROOT_KEY,
    help: "File with the root key, under which all encryption keys are sealed; by default root.key in the data folder, made with the first start. Servers that share a database are all given the same.",
  },
  {
    name: "root-key-command",
    value: "COMMAND",
    commands: SERVE_AND_ROOT_KEY,
    help: "A command that prints the root key (32 bytes in base64), run at start by the shell.",
  },
  {
    name: "root-key",
    value: "BASE64",
    environmentOnly: true,
    commands: SERVE_AND_ROOT_KEY,
    help: "The root key itself: 32 bytes in base64.",
  },
  {
    name: "domain",
    value: "NAME",
    repeatable: true,
    commands: SERVE,
    help: "Own domain: answers for ACCOUNT.dkr.ecr.REGION.NAME, BUCKET.s3.REGION.NAME and so on. Repeatable.",
  },
  {
    name: "tls",
    value: "auto|off",
    commands: SERVE,
    help: "auto makes an authority and certificates in the data folder (clients trust tls/ca.pem). Default off.",
  },
  {
    name: "tls-cert",
    value: "FILE",
    repeatable: true,
    commands: SERVE,
    help: "Your own certificate chain in PEM, with --tls-key. Repeatable in pairs: the client's SNI chooses.",
  },
  {
    name: "tls-key",
    value: "FILE",
    repeatable: true,
    commands: SERVE,
    help: "The private key of the --tls-cert in the same place.",
  },
  {
    name: "missing-layers",
    value: "refuse|accept",
    fallback: "refuse",
    commands: SERVE,
    help: "Images that OCI clients push without all of their layers: refused as by ECR, or accepted (sparse copies).",
  },
  {
    name: "new-buckets",
    value: "closed|open",
    fallback: "closed",
    commands: SERVE,
    help: "How buckets begin: public access and customers' keys (SSE-C) blocked as by S3, or neither, as before 2023.",
  },
  {
    name: "upstream",
    value: "NAME=[FORMAT+]URL",
    repeatable: true,
    commands: SERVE,
    help: "A package upstream for external connections: own ones with npm, pypi (the index URL), maven or nuget (acme=npm+https://npm.acme.example/), or another address of a public: name. Repeatable.",
  },
  {
    name: "upstream-credentials",
    value: "NAME=USER:PASSWORD",
    repeatable: true,
    noFlag: true,
    commands: SERVE,
    help: "What an upstream is sent to let this server in; NAME=TOKEN (without a colon) is a bearer token. Repeatable.",
  },
  {
    name: "upstream-proxy",
    value: "NAME=URL",
    repeatable: true,
    noFlag: true,
    commands: SERVE,
    help: "An HTTP proxy for one upstream (http://[USER:PASSWORD@]HOST:PORT); HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold for all others. Repeatable.",
  },
  {
    name: "upstream-fresh-seconds",
    value: "NUMBER",
    fallback: "300",
    commands: SERVE,
    help: "How long an upstream's document is believed before the upstream is asked whether it has changed.",
  },
  {
    name: "upstream-negative-seconds",
    value: "NUMBER",
    fallback: "60",
    commands: SERVE,
    help: "How long it is believed that an upstream has no such package or file.",
  },
  {
    name: "upstream-timeout-seconds",
    value: "NUMBER",
    fallback: "30",
    commands: SERVE,
    help: "An upstream that has not begun to answer after so long, or then sends less than 32 KiB in so long, has failed.",
  },
  {
    name: "log-level",
    value: "LEVEL",
    fallback: "info",
    commands: SERVE,
    help: "trace, debug, info (one line a request), warn, error, fatal or silent; JSON lines on standard error.",
  },
  {
    name: "min-free-disk",
    value: "SIZE",
    fallback: "512MiB",
    commands: SERVE,
    help: "Uploads are refused when they would leave less room than this on the disk of the data folder.",
  },
  {
    name: "max-connections",
    value: "NUMBER",
    fallback: "10000",
    commands: SERVE,
    help: "Connections beyond these are closed at once.",
  },
  {
    name: "stall-seconds",
    value: "NUMBER",
    fallback: "60",
    commands: SERVE,
    help: "A client that neither sends nor takes a byte for so long in mid-transfer is cut; a slow one is not.",
  },
  {
    name: "stop-seconds",
    value: "NUMBER",
    fallback: "30",
    commands: SERVE,
    help: "How long SIGTERM waits for running requests before it cuts them.",
  },
  {
    name: "new-root-key-file",
    value: "FILE",
    commands: ["root-key"],
    help: "The root key to change to; it is made when there is no such file.",
  },
  {
    name: "prefix",
    value: "PREFIX",
    commands: ["lifecycle"],
    help: "Only what begins with it: s3://BUCKET --prefix logs/2026.",
  },
  {
    name: "output",
    value: "text|json",
    fallback: "text",
    commands: ["lifecycle"],
    help: "One line for each version that something happens to, or one JSON document.",
  },
  {
    name: "day-seconds",
    value: "NUMBER",
    fallback: "86400",
    environmentOnly: true,
    commands: ["serve", "lifecycle"],
    help: "Length of a day in every age rule: for rehearsals and tests only.",
  },
  {
    name: "root-access-key-id",
    value: "ID",
    environmentOnly: true,
    commands: ["serve", "env"],
    help: "Root key of the first account, with the next; without them one is made and kept in the data folder.",
  },
  {
    name: "root-secret-access-key",
    value: "SECRET",
    environmentOnly: true,
    commands: ["serve", "env"],
    help: "Its secret.",
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof SETTINGS)[number]["name"];

export function environmentName(setting: SettingName): string {
  return `SHOSOIN_${setting.toUpperCase().replaceAll("-", "_")}`;
}

export function settingsOf(command: CommandName): readonly (Setting & { readonly name: SettingName })[] {
  return SETTINGS.filter((setting) => (setting.commands as readonly CommandName[]).includes(command));
}
