import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { receiveUpload, type UploadRules } from "../../../src/routes/http/multipart-upload";
import { failureOf } from "../../support/failures";
import { canMountSmallDisks, mountSmallDisk } from "../../support/small-disk";

const Fields = z.object({ course_id: z.uuid(), title: z.string().optional() });
const COURSE_ID = "5e0a5d2c-7f41-4b7e-9a35-0d6f5e3a1c11";
const PDF = Buffer.alloc(300_001, "%PDF-1.7 some pages ");

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "upload-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const receive = (request: Request, rules: Partial<UploadRules<typeof Fields>> = {}) =>
  receiveUpload(request, { fields: Fields, maxBytes: 1_000_000, directory, ...rules });

describe("a good upload", () => {
  test("arrives whole, counted and hashed, and goes when its block is left", async () => {
    {
      await using upload = await receive(request(form({ course_id: COURSE_ID, title: "Entropy" })));
      expect(upload.fields).toEqual({ course_id: COURSE_ID, title: "Entropy" });
      expect(upload.file).toMatchObject({
        filename: "slides.pdf",
        size_bytes: PDF.length,
        sha256: createHash("sha256").update(PDF).digest("hex"),
      });
      expect((await readFile(upload.file.path)).equals(PDF)).toBe(true);
    }
    expect(await readdir(directory)).toEqual([]);
  });

  test("may bring its fields after the file", async () => {
    const body = new FormData();
    body.append("file", new File([PDF], "slides.pdf"));
    body.append("course_id", COURSE_ID);
    await using upload = await receive(request(body));
    expect(upload.fields.course_id).toBe(COURSE_ID);
  });

  test.each([
    ["Übung 3 – Entropie 熵.pdf", "Übung 3 – Entropie 熵.pdf"],
    ["../../etc/passwd.pdf", "passwd.pdf"],
    ["C:\\Users\\me\\a.pdf", "a.pdf"],
    ["gpj.\u202Efdp.pdf", "gpj. fdp.pdf"],
    ['the "second" deck.pdf', "the  second  deck.pdf"],
    [`${"long".repeat(100)}.pdf`, `${"long".repeat(49)}.pdf`],
  ])("called %p is shown as %p", async (name, shown) => {
    await using upload = await receive(request(form({ course_id: COURSE_ID }, name)));
    expect(upload.file.filename).toBe(shown);
  });
});

test("a file that has a type and no file name is a file", async () => {
  await using upload = await receive(rawForm('name="file"\r\ncontent-type: application/pdf', PDF));
  expect(upload.file).toMatchObject({ filename: "file", size_bytes: PDF.length });
});

describe("a refused upload leaves no file, and", () => {
  const refusals: [string, () => Request, object][] = [
    [
      "without a file names the field",
      () => request(form({ course_id: COURSE_ID }, null)),
      field("file"),
    ],
    ["without its course names the field", () => request(form({})), field("course_id")],
    [
      "with a wrong course names the field",
      () => request(form({ course_id: "7" })),
      field("course_id"),
    ],
    [
      "with a NUL character names its field",
      () => request(form({ course_id: COURSE_ID, title: "a\0b" })),
      field("title"),
    ],
    [
      "with text as its file asks for a file",
      () => rawForm('name="file"', "slides.pdf"),
      field("file", "is text: send a file with its file name"),
    ],
    [
      "with a title that is not UTF-8 names it",
      () => rawForm('name="title"', Buffer.from("Vorl\xE4sung", "latin1")),
      field("title", "must be text in UTF-8"),
    ],
    ["with a repeated field names it", () => request(twice("course_id")), field("course_id")],
    ["with two files is refused", () => request(twoFiles()), field("file")],
    [
      "with the file in another field names that",
      () => request(misplacedFile()),
      field("attachment"),
    ],
    [
      "with an endless field names it",
      () => request(form({ course_id: COURSE_ID, title: "x".repeat(99_999) })),
      field("title"),
    ],
    [
      "as JSON has the wrong content type",
      () => requestOf("{}", "application/json"),
      { errorCode: "content_type_invalid" },
    ],
    [
      "without a boundary is malformed",
      () => requestOf("x", "multipart/form-data"),
      { errorCode: "body_malformed" },
    ],
    [
      "cut off inside the file is malformed",
      () => requestOf(raw().subarray(0, 90_000), BOUNDARY),
      { errorCode: "body_malformed" },
    ],
    [
      "cut off inside the headers is malformed",
      () => requestOf(raw().subarray(0, 70), BOUNDARY),
      { errorCode: "body_malformed" },
    ],
    [
      "of noise is malformed",
      () => requestOf(Buffer.alloc(70_000, "noise"), BOUNDARY),
      { errorCode: "body_malformed" },
    ],
    [
      "of nothing is malformed",
      () => requestOf(new Uint8Array(), BOUNDARY),
      { errorCode: "body_malformed" },
    ],
  ];
  test.each(refusals)("%s", async (_name, makeRequest, problem) => {
    await expect(receive(makeRequest())).rejects.toMatchObject(problem);
    expect(await readdir(directory)).toEqual([]);
  });

  test("that ends within its file leaves nothing behind", async () => {
    const file = 'content-disposition: form-data; name="file"; filename="a.pdf"';
    const body = `--x\r\n${file}\r\n\r\n%PDF-1.7`;
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    const cutOff = new Request("http://localhost/", { method: "POST", headers, body });

    expect(await failureOf(receive(cutOff))).toMatchObject({ code: "body_malformed" });
    expect(await readdir(directory)).toEqual([]);
  });

  test("beyond the limit is stopped at once, however much would follow", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(sent === 0 ? raw().subarray(0, 300) : new Uint8Array(65_536));
        sent += 65_536;
      },
    });
    const upload = receive(requestOf(endless, BOUNDARY), { maxBytes: 1_000_000 });
    await expect(upload).rejects.toMatchObject({
      errorCode: "body_too_large",
      details: { max_bytes: 1_000_000 },
    });
    expect(sent).toBeLessThan(3_000_000);
    expect(await readdir(directory)).toEqual([]);
  });

  test("beyond the limit in one piece is refused for its length", async () => {
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(raw().subarray(0, 300));
        controller.enqueue(new Uint8Array(2_000_000));
        controller.close();
      },
    });

    const failure = await failureOf(receive(requestOf(pieces, BOUNDARY)));

    expect(failure).toMatchObject({ code: "body_too_large" });
    expect(await readdir(directory)).toEqual([]);
  });

  test("beyond the limit by its own Content-Length is not read at all", async () => {
    const tooLong = requestOf(raw(), BOUNDARY);
    tooLong.headers.set("content-length", "99000000");
    await expect(receive(tooLong)).rejects.toMatchObject({ errorCode: "body_too_large" });
    expect(tooLong.bodyUsed).toBe(false);
  });

  test("a folder that is gone is the storage's failure", async () => {
    const upload = receive(request(form({ course_id: COURSE_ID })), { directory: "/nowhere" });
    await expect(upload).rejects.toMatchObject({
      errorCode: "storage_unavailable",
      details: { reason: "ENOENT" },
    });
  });

  test("a folder that became a file is the storage's failure too, although nothing can be removed there", async () => {
    const file = join(directory, "a-file");
    await Bun.write(file, "");
    const upload = receive(request(form({ course_id: COURSE_ID })), { directory: file });
    await expect(upload).rejects.toMatchObject({
      errorCode: "storage_unavailable",
      details: { reason: "ENOTDIR" },
    });
    await rm(file);
  });

  test.skipIf(!canMountSmallDisks)(
    "a disk that becomes full on the way is reported as such, and nothing is left",
    async () => {
      await using disk = await mountSmallDisk(64 * 1024);
      const pieces = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(raw().subarray(0, 300));
          controller.enqueue(new Uint8Array(200_000));
          controller.close();
        },
      });
      const upload = receive(requestOf(pieces, BOUNDARY), { directory: disk.folder });
      expect(await failureOf(upload)).toMatchObject({ code: "storage_full", reason: "ENOSPC" });
      expect(await readdir(disk.folder)).toEqual([]);
    },
  );

  test("the end of the request stops it while the client is silent", async () => {
    const stop = new AbortController();
    const stalled = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(raw().subarray(0, 50_000)),
    });
    const request = new Request(requestOf(stalled, BOUNDARY), { signal: stop.signal });
    const upload = receive(request);
    setTimeout(() => stop.abort(new Error("the client left")), 20);
    await expect(upload).rejects.toThrow("the client left");
    expect(await readdir(directory)).toEqual([]);
  });

  test("a client that hangs up is noticed", async () => {
    const ended = Promise.withResolvers<unknown>();
    using server = Bun.serve({
      port: 0,
      fetch: (incoming) => {
        setTimeout(() => socket.destroy(), 50);
        return receive(incoming).then(
          () => new Response(),
          (error) => {
            ended.resolve(error);
            return new Response();
          },
        );
      },
    });
    const socket = connect(server.port!, "127.0.0.1");
    const head = `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${BOUNDARY}\r\ncontent-length: ${raw().length}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), raw().subarray(0, 100_000)]));
    expect(await ended.promise).toMatchObject({ name: "AbortError" });
    expect(await readdir(directory)).toEqual([]);
  });
});

/** Uploads 300 MB to a server of its own and answers what it counted. */
async function uploadToFreshServer() {
  const server = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../../support/upload-server.ts")],
    {
      env: { ...process.env, UPLOAD_DIR: directory },
      stdout: "pipe",
    },
  );
  const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const address = (await lines.read()).value!.trim();
  const upload = async (megabytes: number) => {
    const response = await fetch(address, { method: "POST", ...bigBody(megabytes) });
    return (await response.json()) as { size_bytes: number; growth_bytes: number };
  };
  await upload(30); // what a first request loads and compiles is not an upload's
  const counted = await upload(300);
  server.kill();
  await server.exited;
  return counted;
}

test("300 MB pass through with less than 60 MB of memory", async () => {
  // The moment of a garbage collection is chance. An upload that is buffered needs the memory each time.
  const uploads = [];
  for (let i = 0; i < 3; i++) uploads.push(await uploadToFreshServer());

  for (const { size_bytes } of uploads) expect(size_bytes).toBe(300 * 1024 * 1024);
  expect(Math.min(...uploads.map(({ growth_bytes }) => growth_bytes))).toBeLessThan(60e6);
});

const BOUNDARY = "multipart/form-data; boundary=----b";
const HEAD =
  '------b\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n' +
  "content-type: application/pdf\r\n\r\n";
const TAIL = `\r\n------b\r\ncontent-disposition: form-data; name="course_id"\r\n\r\n${COURSE_ID}\r\n------b--\r\n`;

function raw(): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from(HEAD), PDF, Buffer.from(TAIL)]);
}

/** One part with these parameters and headers, and the field `course_id`. */
function rawForm(part: string, content: string | Buffer): Request {
  const head = `------b\r\ncontent-disposition: form-data; ${part}\r\n\r\n`;
  return requestOf(
    Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from(TAIL)]),
    BOUNDARY,
  );
}

function bigBody(megabytes: number) {
  const block = new Uint8Array(1024 * 1024).fill(37);
  async function* chunks() {
    yield Buffer.from(HEAD);
    for (let i = 0; i < megabytes; i++) yield block;
    yield Buffer.from(TAIL);
  }
  return { body: chunks() as unknown as BodyInit, headers: { "content-type": BOUNDARY } };
}

function form(fields: Record<string, string>, filename: string | null = "slides.pdf"): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  if (filename !== null) body.append("file", new File([PDF], filename));
  return body;
}

function twice(name: string): FormData {
  const body = form({ course_id: COURSE_ID });
  body.append(name, COURSE_ID);
  return body;
}

function twoFiles(): FormData {
  const body = form({ course_id: COURSE_ID });
  body.append("file", new File([PDF], "second.pdf"));
  return body;
}

function misplacedFile(): FormData {
  const body = form({ course_id: COURSE_ID }, null);
  body.append("attachment", new File([PDF], "slides.pdf"));
  return body;
}

function request(body: FormData): Request {
  return new Request("http://localhost/upload", { method: "POST", body });
}

function requestOf(body: BodyInit | ReadableStream, contentType: string): Request {
  const headers = { "content-type": contentType };
  return new Request("http://localhost/upload", { method: "POST", body, headers });
}

function field(path: string, message: unknown = expect.any(String)) {
  return { errorCode: "request_invalid", details: { fields: [{ path, message }] } };
}
