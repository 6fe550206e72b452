/**
 * The door of npm, pnpm, yarn and bun: the npm registry API over the package engine. Errors are `{"error": text}`, which
 * is what these clients print.
 */
import type { OpenRepository, RenderedDocument } from "../../services/codeartifact/engine.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import type { PackageTokenVerifier } from "../../services/codeartifact/token-revocation.ts";
import { readBody } from "../packages/body.ts";
import { methodNotAllowed, notFound } from "../packages/errors.ts";
import { type PackageDoor, type PackageExchange, send, sendJson } from "../packages/exchange.ts";
import { sendAsset } from "../packages/send-asset.ts";
import { sendRendered } from "../packages/send-rendered.ts";
import {
  listTokens,
  logInWithToken,
  profile,
  refuseNewToken,
  refuseWebLogin,
  revokeToken,
  whoami,
} from "./account.ts";
import { audit, bulkAdvisories } from "./audit.ts";
import { removeMissingVersions, removePackage, removeVersion } from "./change-packument.ts";
import { changeTag, listTags } from "./dist-tags.ts";
import { parseObject } from "./json.ts";
import { ASSET, fullName, normalizeVersion, versionOfTarball } from "./names.ts";
import { prefersAbbreviated } from "./negotiation.ts";
import { ABBREVIATED, abbreviatedPackument, FULL, fullPackument, oneManifest } from "./packument.ts";
import { putPackage } from "./publish.ts";
import { findRoute, type Route } from "./route.ts";
import { search } from "./search.ts";
import { attestationsDocument, KEYS, REGISTRY } from "./upstream.ts";

/** In small letters: npm keeps what a "Bearer" says to itself, and names of schemes are compared without case (RFC 9110). */
const CHALLENGE = 'bearer realm="Shosoin"';
const READ = "codeartifact:ReadFromRepository";
/** Of a packument that is sent back. */
const LARGEST_PACKUMENT = 64 * 1024 * 1024;

type Handler<Kind extends Route["kind"]> = (
  exchange: PackageExchange,
  route: Extract<Route, { readonly kind: Kind }>,
) => Promise<void>;

type Table = { readonly [Kind in Route["kind"]]: Readonly<Record<string, Handler<Kind>>> };

export function npmDoor(tokens: PackageTokenVerifier): PackageDoor {
  const table: Table = {
    package: { GET: sendPackument, HEAD: sendPackument, PUT: putDocument, DELETE: deletePackage },
    version: { GET: sendManifest, HEAD: sendManifest },
    tarball: { GET: sendTarball, HEAD: sendTarball, DELETE: deleteTarball },
    tags: {
      GET: (exchange, { name }) => listTags(exchange, name),
      PUT: (exchange, { name, tag }) => changeTag(exchange, name, tag),
      POST: (exchange, { name, tag }) => changeTag(exchange, name, tag),
      DELETE: (exchange, { name, tag }) => changeTag(exchange, name, tag),
    },
    attestations: { GET: sendAttestations },
    keys: { GET: sendKeys },
    // `npm login` is welcomed before it comes here.
    user: { GET: profile },
    token: { DELETE: (exchange, { token }) => revokeToken(exchange, token, tokens) },
    tokens: { GET: listTokens, POST: refuseNewToken },
    ping: { GET: ping, HEAD: ping },
    whoami: { GET: whoami },
    profile: { GET: profile },
    search: { GET: search },
    "bulk-advisories": { POST: bulkAdvisories },
    audit: { POST: audit },
    "web-login": { POST: refuseWebLogin },
  };
  return {
    format: "npm",
    challenge: CHALLENGE,
    async welcome(exchange) {
      const { method } = exchange.request;
      if (!exchange.path.startsWith("-/")) return false;
      const route = findRoute(exchange.path);
      if (route?.kind === "web-login" && method === "POST") await refuseWebLogin(exchange);
      else if (route?.kind === "user" && method === "PUT")
        await logInWithToken(exchange, route.user, tokens, CHALLENGE);
      else return false;
      return true;
    },
    async handle(exchange) {
      const route = findRoute(withoutDoubledPrefix(exchange));
      if (route === undefined) throw notFound("There is nothing at this address of the registry.");
      const methods = table[route.kind] as Readonly<Record<string, Handler<Route["kind"]>>>;
      const handler = methods[exchange.request.method ?? ""];
      if (handler === undefined) throw methodNotAllowed(Object.keys(methods));
      await handler(exchange, route as never);
    },
    writeError(exchange, { status, message, headers }) {
      sendJson(exchange, status, { error: message }, { ...headers });
    },
  };
}

/** npm asks for attestations at the registry's address followed by the whole path of the address it was told. */
function withoutDoubledPrefix({ path, baseUrl }: PackageExchange): string {
  const prefix = new URL(baseUrl).pathname.slice(1);
  return path.startsWith(`${prefix}-/npm/v1/attestations/`) ? path.slice(prefix.length) : path;
}

async function ping(exchange: PackageExchange): Promise<void> {
  sendJson(exchange, 200, {});
}

async function sendPackument(
  exchange: PackageExchange,
  { name }: { readonly name: PackageName },
): Promise<void> {
  const { packages, baseUrl, request } = exchange;
  const repository = await readable(exchange);
  const abbreviated = prefersAbbreviated(request.headers.accept);
  const [contentType, render] = abbreviated ? [ABBREVIATED, abbreviatedPackument] : [FULL, fullPackument];
  const document = await packages.rendered(repository, "npm", name, `${contentType} ${baseUrl}`, (view) => {
    const packument = render(view, baseUrl);
    return packument && { contentType, body: JSON.stringify(packument) };
  });
  sendDocument(exchange, document, name);
}

async function sendManifest(
  exchange: PackageExchange,
  { name, version }: Extract<Route, { kind: "version" }>,
): Promise<void> {
  const { packages, baseUrl } = exchange;
  const repository = await readable(exchange);
  const representation = `version ${version} ${baseUrl}`;
  const document = await packages.rendered(repository, "npm", name, representation, (view) => {
    const manifest = oneManifest(view, version, baseUrl);
    return manifest && { contentType: FULL, body: JSON.stringify(manifest) };
  });
  sendDocument(exchange, document, name, version);
}

function sendDocument(
  exchange: PackageExchange,
  document: RenderedDocument | undefined,
  name: PackageName,
  version?: string,
): void {
  if (document === undefined) {
    const text = version === undefined ? fullName(name) : `${fullName(name)}@${version}`;
    throw notFound(`${text} is not in this registry.`);
  }
  sendRendered(exchange, document, { vary: "accept" });
}

async function sendTarball(
  exchange: PackageExchange,
  { name, file }: Extract<Route, { kind: "tarball" }>,
): Promise<void> {
  const { packages, call } = exchange;
  const repository = await readable(exchange);
  const version = versionOfTarball(name, file);
  const asset =
    version === undefined
      ? undefined
      : await packages.openAsset(call, repository, "npm", name, version, ASSET);
  if (asset === undefined) throw notFound(`${file} of ${fullName(name)} is not in this registry.`);
  await sendAsset(exchange, asset, { contentType: "application/octet-stream" });
}

async function putDocument(
  exchange: PackageExchange,
  { name, revision }: Extract<Route, { kind: "package" }>,
): Promise<void> {
  if (revision === undefined) return putPackage(exchange, name);
  await readable(exchange);
  const body = await readBody(exchange, LARGEST_PACKUMENT);
  await removeMissingVersions(exchange, name, revision, parseObject(body.toString("utf8"), "The document"));
  sendJson(exchange, 201, { ok: true });
}

async function deletePackage(
  exchange: PackageExchange,
  { name }: Extract<Route, { kind: "package" }>,
): Promise<void> {
  await removePackage(exchange, name);
  sendJson(exchange, 200, { ok: true });
}

async function deleteTarball(
  exchange: PackageExchange,
  { name, file }: Extract<Route, { kind: "tarball" }>,
): Promise<void> {
  const version = versionOfTarball(name, file);
  if (version === undefined) throw notFound(`${file} is no file of ${fullName(name)}.`);
  await removeVersion(exchange, name, version);
  sendJson(exchange, 200, { ok: true });
}

async function sendAttestations(
  exchange: PackageExchange,
  { name, version }: Extract<Route, { kind: "attestations" }>,
): Promise<void> {
  const document = attestationsDocument(normalizeVersion(version));
  const found = await exchange.packages.getDocument(await readable(exchange), "npm", name, document);
  if (found === undefined) throw notFound(`There are no attestations of ${fullName(name)}@${version}.`);
  send(exchange, 200, { "content-type": "application/json" }, found);
}

async function sendKeys(exchange: PackageExchange): Promise<void> {
  const found = await exchange.packages.getDocument(await readable(exchange), "npm", REGISTRY, KEYS);
  send(exchange, 200, { "content-type": "application/json" }, found ?? '{"keys":[]}');
}

function readable({ packages, call, address }: PackageExchange): Promise<OpenRepository> {
  return packages.openRepository(call, address, READ);
}
