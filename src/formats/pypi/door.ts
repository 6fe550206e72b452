/**
 * The door of pip, uv, poetry and twine: the simple repository API (PEP 503, 691, 700, 714, 740, 592, 792; API version
 * 1.4) and the legacy upload API. Beside the specification: the root index names what is stored here and in upstream
 * repositories, never all that an external connection has.
 */
import type { OpenRepository } from "../../services/codeartifact/engine.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import { methodNotAllowed, notFound, PackageError } from "../packages/errors.ts";
import {
  type Answering,
  type ErrorAnswer,
  type PackageDoor,
  type PackageExchange,
  send,
} from "../packages/exchange.ts";
import { sendAsset } from "../packages/send-asset.ts";
import { sendRendered } from "../packages/send-rendered.ts";
import { withBody } from "../request-body.ts";
import { type NamedFile, openMetadata, openProvenance } from "./beside-files.ts";
import { isProjectName, normalizeProjectName, normalizeVersion } from "./names.ts";
import { choosePage, PAGE_TYPES, type PageForm } from "./negotiation.ts";
import { type FileRoute, findRoute, type Route } from "./route.ts";
import { renderIndexHtml, renderIndexJson, renderProjectHtml, renderProjectJson } from "./simple-page.ts";
import { publishUpload } from "./upload.ts";
import { changeYank } from "./yank.ts";

type Handlers = {
  readonly [Kind in Route["kind"]]: (
    exchange: PackageExchange,
    route: Extract<Route, { kind: Kind }>,
  ) => Promise<void>;
};

const HANDLERS: Handlers = {
  upload,
  index: sendIndex,
  project: sendProject,
  file: sendFile,
  metadata: async (exchange, route) => {
    const found = await beside(exchange, route, openMetadata);
    sendBeside(
      exchange,
      found,
      "text/plain; charset=utf-8",
      `${route.file} has no metadata to be had alone.`,
    );
  },
  provenance: async (exchange, route) => {
    const found = await beside(exchange, route, openProvenance);
    sendBeside(exchange, found, "application/vnd.pypi.integrity.v1+json", `${route.file} has no provenance.`);
  },
  yank: async (exchange, { project, version }) => {
    const repository = await open(exchange, "codeartifact:PutPackageMetadata");
    await changeYank(exchange, repository, projectName(project), storedVersion(version));
    send(exchange, 204, {});
  },
  redirect: async (exchange, { to }) => redirect(exchange, to),
};

const METHODS: { readonly [Kind in Route["kind"]]?: readonly string[] } = {
  upload: ["POST"],
  yank: ["PUT", "DELETE"],
};

export const pypiDoor: PackageDoor = {
  format: "pypi",
  challenge: 'Basic realm="Shosoin"',
  async handle(exchange) {
    const route = findRoute(exchange.path);
    if (route === undefined)
      throw notFound("There is nothing at this address: packages are listed at simple/.");
    const methods = METHODS[route.kind] ?? ["GET", "HEAD"];
    if (!methods.includes(exchange.request.method ?? "")) throw methodNotAllowed(methods);
    const handler = HANDLERS[route.kind] as (exchange: PackageExchange, route: Route) => Promise<void>;
    await handler(exchange, route);
  },
  writeError,
};

/** pip and twine print the reason phrase first, and the body only when asked to: both say it. */
function writeError({ request, response }: Answering, { status, message, headers }: ErrorAnswer): void {
  const body = Buffer.from(`${message}\n`);
  const reason = message.replace(/[^\x20-\x7e]+/g, " ").slice(0, 400);
  response.writeHead(status, reason, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": body.length,
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function open(
  { packages, call, address }: PackageExchange,
  action = "codeartifact:ReadFromRepository",
): Promise<OpenRepository> {
  return packages.openRepository(call, address, action);
}

async function upload(exchange: PackageExchange): Promise<void> {
  const repository = await open(exchange, "codeartifact:PublishPackageVersion");
  const { request, packages, call } = exchange;
  const contentType = request.headers["content-type"];
  await withBody(request, (body) => publishUpload({ packages, call, repository, body, contentType }));
  send(exchange, 200, { "content-type": "text/plain" });
}

/** Names at a time, when all are listed. */
const PAGE_OF_NAMES = 1_000;

async function sendIndex(exchange: PackageExchange): Promise<void> {
  const form = pageForm(exchange);
  const repository = await open(exchange);
  const names: string[] = [];
  let after: PackageName | undefined;
  for (;;) {
    const options = { limit: PAGE_OF_NAMES, ...(after === undefined ? {} : { after }) };
    const page = await exchange.packages.listPackages(repository, "pypi", options);
    for (const { name } of page) names.push(name);
    after = page.at(-1);
    if (page.length < PAGE_OF_NAMES) break;
  }
  const body = form === "json" ? renderIndexJson(names) : renderIndexHtml(names);
  send(exchange, 200, { "content-type": PAGE_TYPES[form], vary: "accept" }, body);
}

async function sendProject(
  exchange: PackageExchange,
  { project }: { readonly project: string },
): Promise<void> {
  const name = projectName(project);
  // PEP 503: "the index MAY redirect to the normalized name".
  if (name.name !== project) return redirect(exchange, `../${name.name}/`);
  const form = pageForm(exchange);
  const repository = await open(exchange);
  const simpleUrl = `${exchange.baseUrl}simple/`;
  const render = form === "json" ? renderProjectJson : renderProjectHtml;
  const document = await exchange.packages.rendered(
    repository,
    "pypi",
    name,
    `simple ${form} ${simpleUrl}`,
    (view) => ({
      contentType: PAGE_TYPES[form],
      body: render(view, simpleUrl),
    }),
  );
  if (document === undefined) throw notFound(`There is no project ${name.name} in this repository.`);
  sendRendered(exchange, document, { vary: "accept" });
}

async function sendFile(exchange: PackageExchange, route: FileRoute<string>): Promise<void> {
  const { name, version, file } = namedFile(route);
  const repository = await open(exchange);
  const asset = await exchange.packages.openAsset(exchange.call, repository, "pypi", name, version, file);
  if (asset === undefined)
    throw notFound(`There is no file ${file} of project ${name.name} in this repository.`);
  await sendAsset(exchange, asset, { contentType: contentTypeOf(file) });
}

function contentTypeOf(file: string): string {
  if (/\.(?:whl|zip|egg)$/i.test(file)) return "application/zip";
  // Not with a Content-Encoding: the file itself is the gzip.
  return /\.(?:tar\.gz|tgz)$/i.test(file) ? "application/gzip" : "application/octet-stream";
}

async function beside(
  exchange: PackageExchange,
  route: FileRoute<string>,
  read: (
    exchange: PackageExchange,
    repository: OpenRepository,
    wanted: NamedFile,
  ) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  const wanted = namedFile(route);
  return read(exchange, await open(exchange), wanted);
}

function sendBeside(
  exchange: PackageExchange,
  content: Uint8Array | undefined,
  type: string,
  absent: string,
): void {
  if (content === undefined) throw notFound(absent);
  send(exchange, 200, { "content-type": type }, content);
}

function namedFile({ project, version, file }: FileRoute<string>): NamedFile {
  return {
    name: projectName(project),
    version: version === undefined ? undefined : storedVersion(version),
    file,
  };
}

function projectName(project: string): PackageName {
  if (!isProjectName(project))
    throw notFound("There is no project of this name: it is no name of a Python project.");
  return { namespace: "", name: normalizeProjectName(project) };
}

function storedVersion(version: string): string {
  try {
    return normalizeVersion(version);
  } catch {
    throw notFound("There is no such version.");
  }
}

function pageForm({ request, query }: PackageExchange): PageForm {
  const form = choosePage(request.headers.accept, query.get("format"));
  if (form === undefined)
    throw new PackageError(
      406,
      "NotAcceptable",
      `The pages are of these types: ${Object.values(PAGE_TYPES).join(", ")}.`,
    );
  return form;
}

function redirect(exchange: PackageExchange, to: string): void {
  send(exchange, 301, { location: to, "content-type": "text/plain" });
}
