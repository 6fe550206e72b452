import { expect, test } from "bun:test";
import type { Region } from "../../../aws/names.ts";
import { repositoryEndpoint } from "./endpoints.ts";

const domains = ["example.com", "Artifacts.Example.com"];
const address = { domain: "my-2nd", owner: "123456789012", repository: "app" };

const BY_PATH = "/-/codeartifact/eu-west-1/my-2nd-123456789012/npm/app/";

test.each([
  ["http://localhost:7560", `http://localhost:7560${BY_PATH}`],
  ["http://127.0.0.1:80", `http://127.0.0.1${BY_PATH}`],
  ["https://[::1]:7560", `https://[::1]:7560${BY_PATH}`],
  ["http://build-box:7560", `http://build-box:7560${BY_PATH}`],
  ["http://notexample.com", `http://notexample.com${BY_PATH}`],
  [
    "https://codeartifact.eu-west-1.example.com:8443",
    "https://my-2nd-123456789012.d.codeartifact.eu-west-1.example.com:8443/npm/app/",
  ],
  [
    "https://artifacts.example.com",
    "https://my-2nd-123456789012.d.codeartifact.eu-west-1.artifacts.example.com/npm/app/",
  ],
  [
    "https://codeartifact.eu-west-1.amazonaws.com",
    "https://my-2nd-123456789012.d.codeartifact.eu-west-1.amazonaws.com/npm/app/",
  ],
])("who came by %s is sent to %s", (baseUrl, endpoint) => {
  const call = { baseUrl, region: "eu-west-1" as Region };
  expect(repositoryEndpoint(call, address, "npm", domains)).toBe(endpoint);
});
