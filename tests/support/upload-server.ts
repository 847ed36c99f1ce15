// Receives one upload in a process of its own and answers how far its memory rose meanwhile.

import { z } from "zod";
import { receiveUpload } from "../../src/routes/http/multipart-upload";

const server = Bun.serve({
  port: 0,
  maxRequestBodySize: 2 ** 40,
  async fetch(request) {
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5);
    await using upload = await receiveUpload(request, {
      fields: z.object({ course_id: z.uuid() }),
      maxBytes: 2 ** 32,
      directory: process.env.UPLOAD_DIR!,
    });
    clearInterval(watch);
    return Response.json({ ...upload.file, growth_bytes: peak - before });
  },
});
console.log(server.url.href);
