/** minio-js, the client of most programs that were written against MinIO, run by Node. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { client, describeWithClients } from "../client.ts";
import { runCommand } from "../command.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { SCHEMES, startBucketServer } from "./bucket-server.ts";

describeWithClients("minio-js", ["minio-js"], () => {
  test.each(SCHEMES)(
    "does its work over %s",
    async (scheme) => {
      const folder = temporaryFolder("minio-js");
      const { server, authority } = await startBucketServer(scheme);
      try {
        const { accessKeyId, secretAccessKey } = server.rootKey;
        const said = await runCommand(
          client("minio-js"),
          [join(import.meta.dirname, "minio-js.cjs"), server.url, accessKeyId, secretAccessKey, folder.path],
          { env: { NODE_EXTRA_CA_CERTS: authority } },
        );
        expect(said).toBe("all the same");
      } finally {
        await server.stop();
        folder.remove();
      }
    },
    120_000,
  );
});
