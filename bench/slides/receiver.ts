/**
 * Takes bodies in a process of its own and answers how fast it was and how far its memory rose:
 * `/upload` as the product does, `/raw` with nothing but a copy to disk.
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { receiveUpload } from "../../src/routes/http/multipart-upload";

const directory = process.argv[2]!;

const receivers: Record<string, (request: Request) => Promise<unknown>> = {
  "/upload": async (request) => {
    const fields = z.object({});
    await using _ = await receiveUpload(request, { fields, maxBytes: 2 ** 40, directory });
  },
  "/raw": (request) =>
    pipeline(Readable.fromWeb(request.body as never), createWriteStream(join(directory, "raw"))),
  "/raw-sha256": (request) => {
    const hash = createHash("sha256");
    const body = Readable.fromWeb(request.body as never).on("data", (chunk) => hash.update(chunk));
    return pipeline(body, createWriteStream(join(directory, "raw")));
  },
};

const server = Bun.serve({
  port: 0,
  maxRequestBodySize: 2 ** 40,
  async fetch(request) {
    const before = process.memoryUsage.rss();
    const started = performance.now();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 5);
    await receivers[new URL(request.url).pathname]!(request);
    clearInterval(watch);
    return Response.json({ ms: performance.now() - started, growth_bytes: peak - before });
  },
});
console.log(server.url.href);
