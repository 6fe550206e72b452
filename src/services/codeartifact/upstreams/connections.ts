import type { ConnectionFormat } from "./upstreams.ts";

/** An external connection with what is needed to ask it. */
export interface ConnectionSettings {
  readonly name: string;
  readonly format: ConnectionFormat;
  /** Ends in a slash. */
  readonly baseUrl: string;
  /** The whole value of the Authorization header, for the host of `baseUrl` only. */
  readonly authorization?: string;
  /** `http://[user:password@]host:port`; goes before HTTP_PROXY and HTTPS_PROXY. */
  readonly proxy?: string;
}

interface PublicUpstream {
  readonly name: string;
  readonly format: ConnectionFormat;
  /** What of the name goes into the address. */
  readonly named: RegExp;
  /** Host and path; `$1` is the first group of `named`. For PyPI what pip calls the index URL. */
  readonly address: string;
}

/**
 * CodeArtifact's external connections, and where they lead. An address is made of the connection's own name and
 * what stands here, and a setting can put another in its place.
 */
const PUBLIC_UPSTREAMS: readonly PublicUpstream[] = [
  { name: "public:npmjs", format: "npm", named: /^public:(\w+)$/, address: "registry.$1.org/" },
  { name: "public:nuget-org", format: "nuget", named: /^public:(\w+)-(\w+)$/, address: "api.$1.$2/v3/" },
  { name: "public:pypi", format: "pypi", named: /^public:(\w+)$/, address: "$1.org/simple/" },
  {
    name: "public:maven-central",
    format: "maven",
    named: /^public:(\w+)-\w+$/,
    address: "repo1.$1.org/maven2/",
  },
  {
    name: "public:maven-googleandroid",
    format: "maven",
    named: /^public:(\w+)-(\w+)android$/,
    address: "$1.$2.com/",
  },
  {
    name: "public:maven-gradleplugins",
    format: "maven",
    named: /^public:\w+-(\w+)(plugins)$/,
    address: "$2.$1.org/m2/",
  },
  {
    name: "public:maven-commonsware",
    format: "maven",
    named: /^public:\w+-(\w+)$/,
    address: "repo.$1.com/",
  },
  { name: "public:maven-clojars", format: "maven", named: /^public:\w+-(\w+)$/, address: "repo.$1.org/" },
  {
    name: "public:ruby-gems-org",
    format: "ruby",
    named: /^public:(\w+)-(\w+)-(\w+)$/,
    address: "$1$2.$3/",
  },
  { name: "public:crates-io", format: "cargo", named: /^public:(\w+)-(\w+)$/, address: "index.$1.$2/" },
];

export const PUBLIC_CONNECTIONS: readonly ConnectionSettings[] = PUBLIC_UPSTREAMS.map(
  ({ name, format, named, address }) => ({
    name,
    format,
    baseUrl: name.replace(named, `https://${address}`),
  }),
);
