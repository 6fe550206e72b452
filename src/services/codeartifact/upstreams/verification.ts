import type { HashName, ReceivedContent, UpstreamAsset } from "../format.ts";
import { UpstreamRefused } from "./upstreams.ts";

/** Every value that the upstream gave is compared, not only the strongest. Throws UpstreamRefused. */
export function verify(content: ReceivedContent, asset: UpstreamAsset): void {
  if (asset.size !== undefined && asset.size !== content.size) {
    throw new UpstreamRefused(
      `${asset.name} has ${content.size} bytes where its upstream says ${asset.size}`,
    );
  }
  for (const [name, expected] of Object.entries(asset.integrity)) {
    const actual = content.hashes[name as HashName];
    if (expected !== undefined && expected.toLowerCase() !== actual) {
      throw new UpstreamRefused(
        `the ${name} of ${asset.name} is ${actual} where its upstream says ${expected}`,
      );
    }
  }
}
