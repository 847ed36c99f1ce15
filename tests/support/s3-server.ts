import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";
import type { S3Settings } from "../../src/storage/bucket";

/** An S3 server on loopback with one empty bucket. It checks signatures laxly. */
export async function startS3Server(): Promise<{
  settings: S3Settings;
  close(): Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), "s3-server-"));
  const bucket = "lectern";
  const server = new S3rver({
    port: 0,
    address: "127.0.0.1",
    directory,
    silent: true,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await server.run();
  return {
    settings: {
      endpoint: `http://127.0.0.1:${port}`,
      bucket,
      accessKeyId: "S3RVER",
      secretAccessKey: "S3RVER",
    },
    async close() {
      await server.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** A bucket server that accepts requests and sends no response. */
export function startSilentBucket(): { settings: S3Settings; close(): Promise<void> } {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: () => new Promise<Response>(() => {}),
  });
  const settings = {
    endpoint: `http://127.0.0.1:${server.port}`,
    bucket: "lectern",
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
  };
  return { settings, close: () => server.stop(true) };
}
