import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, readlink, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MultipartField, multipart } from "../../../src/providers/speech/multipart";
import { eventually } from "../../support/waiting";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "multipart-"));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, "sound.mp3");
const file = { field: "file", path, filename: "audio.mp3", type: "audio/mpeg" };

describe("multipart", () => {
  test("arrives as the fields and the bytes that were put in", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    await Bun.write(path, bytes);
    await using server = Bun.serve({
      port: 0,
      async fetch(request) {
        const form = await request.formData();
        const received = form.get("file") as File;
        return Response.json({
          tags: form.getAll("tag[]"),
          language: form.get("language"),
          name: received.name,
          type: received.type,
          same: Buffer.from(await received.arrayBuffer()).equals(Buffer.from(bytes)),
        });
      },
    });
    const fields: MultipartField[] = [
      ["tag[]", "one"],
      ["language", "Français, ja: 日本語"],
      ["tag[]", "two"],
    ];
    const { headers, body } = await multipart(fields, file);
    const response = await fetch(server.url, { method: "POST", headers, body });

    expect(await response.json()).toEqual({
      tags: ["one", "two"],
      language: "Français, ja: 日本語",
      name: "audio.mp3",
      type: "audio/mpeg",
      same: true,
    });
  });

  test("announces its exact length", async () => {
    await Bun.write(path, "sound");
    const { headers, body } = await multipart([["model", "whisper-1"]], file);

    const sent = await new Response(body).bytes();

    expect(headers["content-length"]).toBe(String(sent.length));
  });

  test("needs less than 60 MB for a file of 300 MB", async () => {
    await Bun.write(path, "");
    await truncate(path, 300_000_000);
    await using server = Bun.serve({
      port: 0,
      maxRequestBodySize: 400_000_000,
      async fetch(request) {
        let received = 0;
        for await (const bytes of request.body!) received += bytes.length;
        const announced = Number(request.headers.get("content-length"));
        return Response.json({ received, announced });
      },
    });
    const script = join(import.meta.dir, "../../support/measure-upload.ts");
    const child = Bun.spawn([process.execPath, script, server.url.href, path], {
      stderr: "inherit",
    });
    const { growth_bytes, answer } = await new Response(child.stdout).json();

    expect(answer.received).toBeGreaterThan(300_000_000);
    expect(answer.announced).toBe(answer.received);
    expect(growth_bytes).toBeLessThan(60_000_000);
  });

  test.if(process.platform === "linux")("closes the file when the upload is aborted", async () => {
    await Bun.write(path, "");
    await truncate(path, 300_000_000);
    const openFiles = async () => {
      const descriptors = await readdir("/proc/self/fd");
      const targets = descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
      return (await Promise.all(targets)).filter((target) => target === path).length;
    };
    let openWhileSending = 0;
    const abort = new AbortController();
    await using server = Bun.serve({
      port: 0,
      maxRequestBodySize: 400_000_000,
      async fetch(request) {
        await request.body!.getReader().read();
        openWhileSending = await openFiles();
        abort.abort(new Error("cancelled"));
        return new Promise<Response>(() => {});
      },
    });
    const { headers, body } = await multipart([], file);
    const { signal } = abort;
    const failure = await fetch(server.url, { method: "POST", headers, body, signal }).catch(
      (e) => e,
    );

    expect(failure.message).toBe("cancelled");
    expect(openWhileSending).toBe(1);
    await eventually(openFiles, (count) => count === 0);
  });

  test("fails before anything is sent when the file is missing", async () => {
    await expect(multipart([], { ...file, path: join(folder, "gone.mp3") })).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});
