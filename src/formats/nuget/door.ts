/**
 * The door of NuGet clients (nuget.exe, dotnet, Visual Studio, paket): the NuGet Server API v3 as Microsoft Learn has it.
 * Deliberate differences: tokens come as Basic, Bearer or X-NuGet-ApiKey; search is among what is kept here; DELETE
 * unlists. NuGet prints the reason phrase of a refusal, so that is where it is explained.
 */
import type { OpenRepository, PackageView, Rendering } from "../../services/codeartifact/engine.ts";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { methodNotAllowed, notFound, PackageError } from "../packages/errors.ts";
import {
  type Answering,
  type ErrorAnswer,
  type PackageDoor,
  type PackageExchange,
  send,
  sendJson,
} from "../packages/exchange.ts";
import { sendAsset } from "../packages/send-asset.ts";
import { sendRendered } from "../packages/send-rendered.ts";
import { withBody } from "../request-body.ts";
import { readPackageForm } from "./package-form.ts";
import { readPackage } from "./package-parts.ts";
import { type Push, pushPackage, pushSymbols } from "./push.ts";
import { registrationIndex, registrationLeaf, registrationPage } from "./registration.ts";
import { findRoute, type Route } from "./route.ts";
import { autocomplete, search } from "./search.ts";
import { serviceIndex } from "./service-index.ts";
import { shownVersions } from "./versions.ts";

type Handle<Kind extends Route["kind"]> = (
  exchange: PackageExchange,
  repository: OpenRepository,
  route: Extract<Route, { kind: Kind }>,
) => Promise<void>;

/** Changes with what is known of vulnerabilities, and nothing is known yet. */
const VULNERABILITIES_UPDATED = "2026-01-01T00:00:00Z";

const READ: {
  readonly [Kind in Exclude<Route["kind"], "publish" | "publish-symbols" | "listing">]: Handle<Kind>;
} = {
  "service-index": async (exchange) => sendJson(exchange, 200, serviceIndex(exchange.baseUrl)),
  versions: (exchange, repository, { id }) =>
    sendDocument(exchange, repository, id, "versions", (view) => {
      const versions = shownVersions(view).map(({ stored }) => stored);
      return versions.length === 0 ? undefined : { versions };
    }),
  file: sendFile,
  nuspec: async (exchange, repository, { id, version }) => {
    const { manifest } = await packageParts(exchange, repository, id, version);
    send(exchange, 200, { "content-type": "application/xml" }, manifest);
  },
  readme: async (exchange, repository, { id, version }) => {
    const { readme } = await packageParts(exchange, repository, id, version);
    if (readme === undefined) throw notFound(`Package ${id} ${version} has no readme.`);
    send(exchange, 200, { "content-type": "text/markdown; charset=utf-8" }, readme);
  },
  registration: (exchange, repository, { id, hive }) => {
    const { baseUrl } = exchange;
    return sendDocument(exchange, repository, id, `${hive} ${baseUrl}`, (view) =>
      registrationIndex(view, { baseUrl, hive }),
    );
  },
  "registration-page": (exchange, repository, { id, hive, lower, upper }) => {
    const { baseUrl } = exchange;
    return sendDocument(exchange, repository, id, `${hive} ${lower} ${upper} ${baseUrl}`, (view) =>
      registrationPage(view, lower, upper, { baseUrl, hive }),
    );
  },
  "registration-leaf": (exchange, repository, { id, hive, version }) => {
    const { baseUrl } = exchange;
    return sendDocument(exchange, repository, id, `${hive} ${version} ${baseUrl}`, (view) =>
      registrationLeaf(view, version, { baseUrl, hive }),
    );
  },
  search: async (exchange, repository) =>
    sendJson(exchange, 200, await search({ ...exchange, repository }, exchange.query)),
  autocomplete: async (exchange, repository) =>
    sendJson(exchange, 200, await autocomplete({ ...exchange, repository }, exchange.query)),
  "vulnerability-index": async (exchange) => {
    const url = `${exchange.baseUrl}v3/vulnerabilities/base.json`;
    sendJson(exchange, 200, [{ "@name": "base", "@id": url, "@updated": VULNERABILITIES_UPDATED }]);
  },
  vulnerabilities: async (exchange) => sendJson(exchange, 200, {}),
};

export const nugetDoor: PackageDoor = {
  format: "nuget",
  challenge: 'Basic realm="Shosoin"',
  authorization({ authorization, "x-nuget-apikey": key }) {
    return authorization ?? (typeof key === "string" ? `Bearer ${key.trim()}` : undefined);
  },
  async handle(exchange) {
    const route = findRoute(exchange.path);
    if (route === undefined) {
      throw notFound(
        "There is nothing at this address: the source is at v3/index.json below the repository.",
      );
    }
    if (route.kind === "publish" || route.kind === "publish-symbols") return push(exchange, route.kind);
    if (route.kind === "listing") return changeListing(exchange, route);
    const { method } = exchange.request;
    if (method !== "GET" && method !== "HEAD") throw methodNotAllowed(["GET", "HEAD"]);
    const read = READ[route.kind] as Handle<Route["kind"]>;
    await read(exchange, await open(exchange), route);
  },
  writeError,
};

/** NuGet reads before it pushes: CodeArtifact asks for the right to read for every request of its clients. */
function open(
  { packages, call, address }: PackageExchange,
  action = "codeartifact:ReadFromRepository",
): Promise<OpenRepository> {
  return packages.openRepository(call, address, action);
}

async function push(exchange: PackageExchange, kind: "publish" | "publish-symbols"): Promise<void> {
  const { request, packages, call } = exchange;
  if (request.method !== "PUT") throw methodNotAllowed(["PUT"]);
  // The package's own name, for which the right is asked again, stands inside of what comes: gigabytes of nobody's.
  const repository = await open(exchange, "codeartifact:PublishPackageVersion");
  const publish: (push: Push) => Promise<void> = kind === "publish" ? pushPackage : pushSymbols;
  await withBody(request, (body) =>
    readPackageForm(body, request.headers["content-type"], (file, complete) =>
      publish({ packages, call, repository, file, complete }),
    ),
  );
  send(exchange, 201, {});
}

/** DELETE hides a version from listings and POST shows it again; what is installed by its number goes on working. */
async function changeListing(
  exchange: PackageExchange,
  { id, version }: Extract<Route, { kind: "listing" }>,
): Promise<void> {
  const { request, packages, call } = exchange;
  if (request.method !== "DELETE" && request.method !== "POST") throw methodNotAllowed(["DELETE", "POST"]);
  const repository = await open(exchange);
  const isRemoval = request.method === "DELETE";
  const status = isRemoval ? "Unlisted" : "Published";
  await packages.setStatus(call, repository, "nuget", { namespace: "", name: id }, [version], status);
  send(exchange, isRemoval ? 204 : 200, {});
}

async function sendDocument(
  exchange: PackageExchange,
  repository: OpenRepository,
  id: string,
  representation: string,
  render: (view: PackageView) => object | undefined,
): Promise<void> {
  const document = await exchange.packages.rendered(
    repository,
    "nuget",
    { namespace: "", name: id },
    representation,
    (view): Rendering | undefined => {
      const content = render(view);
      return content && { contentType: "application/json", body: JSON.stringify(content) };
    },
  );
  if (document === undefined) throw notFound(`Package ${id} is not in repository ${repository.name}.`);
  sendRendered(exchange, document);
}

async function sendFile(
  exchange: PackageExchange,
  repository: OpenRepository,
  { id, version, file }: Extract<Route, { kind: "file" }>,
): Promise<void> {
  const { packages, call } = exchange;
  const asset = await packages.openAsset(
    call,
    repository,
    "nuget",
    { namespace: "", name: id },
    version,
    file,
  );
  if (asset === undefined)
    throw notFound(`Package ${id} ${version} is not in repository ${repository.name}.`);
  await sendAsset(exchange, asset, { contentType: "application/octet-stream" });
}

async function packageParts(
  { packages, call }: PackageExchange,
  repository: OpenRepository,
  id: string,
  version: string,
) {
  const parts = await readPackage(packages, call, repository, id, version).catch((error: unknown) => {
    // What lies here was taken as a package once, or by the API as something else.
    if (!(error instanceof PackageInvalid)) throw error;
    throw new PackageError(404, "NotFound", `Package ${id} ${version} cannot be read: ${error.message}`);
  });
  if (parts === undefined)
    throw notFound(`Package ${id} ${version} is not in repository ${repository.name}.`);
  return parts;
}

const LONGEST_REASON = 400;

function writeError({ request, response }: Answering, { status, message, headers }: ErrorAnswer): void {
  const body = Buffer.from(`${message}\n`);
  // RFC 9112 section 4: a reason phrase is one line; Node takes Latin-1 only.
  const reason = message.replace(/[^\x20-\x7e]+/g, " ").slice(0, LONGEST_REASON);
  response.writeHead(status, reason, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": body.length,
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
