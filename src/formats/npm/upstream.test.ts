import { expect, test } from "bun:test";
import { attestationsDocument, KEYS, npmUpstream, REGISTRY } from "./upstream.ts";

async function askedFor(namespace: string, name: string, document: string): Promise<string[]> {
  const asked: string[] = [];
  const source = {
    connection: "acme",
    baseUrl: "https://upstream.test/npm/",
    document: async (url: string) => {
      asked.push(url);
      return undefined;
    },
  };
  expect(await npmUpstream.document?.(source, { namespace, name }, document)).toBeUndefined();
  return asked;
}

// A registry that answers 404 to both, as a mirror of the public one may, is taken to have none.
test("the registry's keys and a version's attestations are asked for at the upstream's own addresses", async () => {
  expect(await askedFor(REGISTRY.namespace, REGISTRY.name, KEYS)).toEqual([
    "https://upstream.test/npm/-/npm/v1/keys",
  ]);
  expect(await askedFor("", "sigstore", attestationsDocument("3.0.0"))).toEqual([
    "https://upstream.test/npm/-/npm/v1/attestations/sigstore@3.0.0",
  ]);
});

test("keys of a package and documents of other names are nothing to ask an upstream for", async () => {
  expect(await askedFor("", "sigstore", KEYS)).toEqual([]);
  expect(await askedFor("", "sigstore", "readme")).toEqual([]);
});
