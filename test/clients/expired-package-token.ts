import { join } from "node:path";
import type { AccountId, Region } from "../../src/aws/names.ts";
import { createIdentity } from "../../src/identity/identity.ts";
import { createSecrets } from "../../src/identity/secrets.ts";
import { migrations } from "../../src/migrations.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import type { RunningServer } from "../running-server.ts";
import { turnedClock } from "../turned-clock.ts";

/**
 * A token that this server's installation gave out long ago, for a domain of the root account in us-east-1. No token
 * ends sooner than 15 minutes after it was given, so it is made while the server is stopped, on its own data.
 */
export async function expiredPackageToken(server: RunningServer, domain: string): Promise<string> {
  await server.kill("SIGTERM");
  const metadata = await openMetadata(join(server.data, "metadata.db"), migrations);
  try {
    const clock = turnedClock("2020-01-01T00:00:00Z");
    const identity = createIdentity(metadata, createSecrets(metadata), clock);
    const account = "123456789012" as AccountId;
    const principal = {
      kind: "root" as const,
      account,
      arn: `arn:aws:iam::${account}:root`,
      userId: account,
      accessKeyId: server.rootKey.accessKeyId,
    };
    const place = { account, region: "us-east-1" as Region, domain };
    return (await identity.issuePackageToken(principal, place, 900, clock.now())).token;
  } finally {
    await metadata.close();
    await server.restart();
  }
}
