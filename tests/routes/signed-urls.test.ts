import { afterAll, describe, expect, setSystemTime, test } from "bun:test";
import { SEES_ALL } from "../../src/principal";
import { openUrlSigner } from "../../src/routes/http/url-signer";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse } from "../support/factories";

const guarded = await openGuardedApp();
const { db, call, postJson, createKey } = guarded;
afterAll(() => guarded[Symbol.asyncDispose]());

const course_id = await createCourse(db);
const otherCourse = await createCourse(db);
const key = await createKey({ scopes: ["read", "chat"], course_ids: [course_id] });
const BYTES = "%PDF-1.4 a file";
const document_id = await upload();

async function upload(): Promise<string> {
  const form = new FormData();
  form.set("course_id", course_id);
  form.set("file", new File([BYTES], "deck.pdf"));
  const response = await call("POST", "/api/documents/upload", BOOTSTRAP, { body: form });
  return (await response.json()).document_id;
}
const file = `/api/documents/${document_id}/file`;
const sign = async (urls: string[], by = key) => postJson("/api/signed-urls", { urls }, by);
const signed = async (url: string, by = key): Promise<string> =>
  (await (await sign([url], by)).json()).items[0].url;
const codeOf = async (response: Response) => (await response.json()).code;

describe("a signed address", () => {
  test("opens a file without a header, and only that file", async () => {
    const url = await signed(`${file}#page=3`);

    expect(url).toEndWith("#page=3");
    expect(await (await call("GET", url.split("#")[0]!)).text()).toBe(BYTES);
    expect((await call("HEAD", url)).status).toBe(200);
    const other = url.replace(document_id, crypto.randomUUID());
    expect((await call("GET", other)).status).toBe(401);
    const query = url.slice(url.indexOf("?"));
    for (const path of [`/api/documents/${document_id}`, "/api/documents", "/api/keys"]) {
      expect((await call("GET", `${path}${query}`)).status).toBe(401);
    }
    expect((await call("DELETE", `/api/documents/${document_id}${query}`)).status).toBe(401);
  });

  test("is refused after a change and after 15 minutes", async () => {
    const url = await signed(file);
    const { searchParams } = new URL(url, "http://localhost");
    const later = String(Number(searchParams.get("exp")) + 60);
    const changed = [
      url.replace(/exp=\d+/, `exp=${later}`),
      url.replace("for=student", "for=all"),
      url.replace(/sig=(.)/, (_, first) => (first === "-" ? "sig=_" : "sig=-")),
      url.replace(/sig=[^&]*/, "sig="),
      url.replace(/exp=\d+&/, ""),
    ];
    for (const one of changed) {
      expect(one).not.toBe(url);
      const response = await call("GET", one);
      expect([response.status, await codeOf(response)]).toEqual([401, "unauthenticated"]);
    }
    try {
      setSystemTime(Date.now() + 16 * 60_000);
      expect((await call("GET", url)).status).toBe(401);
    } finally {
      setSystemTime();
    }
    expect((await call("GET", url)).status).toBe(200);
  });

  test("shows what its sender sees at that time", async () => {
    const hidden = await upload();
    const of = `/api/documents/${hidden}/file`;
    const byStudent = await signed(of);
    const byAdmin = await signed(of, BOOTSTRAP);
    await db`insert into page_releases (document_id, page_from, page_to, visible_from)
      values (${hidden}, 1, 1, now() + interval '1 day')`;

    expect(await codeOf(await call("GET", byStudent))).toBe("not_released");
    expect((await call("GET", byAdmin)).status).toBe(200);
    await db`update documents set visible_from = now() + interval '1 day' where id = ${hidden}`;
    expect(await codeOf(await call("GET", byStudent))).toBe("document_not_found");
    expect((await sign([of])).status).toBe(404);
  });
});

describe("signing", () => {
  test("is refused for other courses, other addresses and without a key", async () => {
    const foreign = await createKey({ scopes: ["read"], course_ids: [otherCourse] });

    expect(await codeOf(await sign([file], foreign))).toBe("document_not_found");
    expect((await postJson("/api/signed-urls", { urls: [file] })).status).toBe(401);
    const bad = [
      "/api/keys",
      `${file}/../../..`,
      `https://example.org${file}`,
      `//example.org${file}`,
      `/api/documents/${document_id}`,
      `/api/documents/${document_id}/pages`,
    ];
    for (const url of bad) expect((await sign([url])).status).toBe(422);
    expect((await sign([])).status).toBe(422);
    const unknown = `/api/documents/${crypto.randomUUID()}/file`;
    expect(await codeOf(await sign([file, unknown]))).toBe("document_not_found");
  });

  test("another process, and one after a restart, accept the signature", async () => {
    const { pathname, searchParams } = new URL(await signed(file, BOOTSTRAP), "http://localhost");

    expect(await openUrlSigner(db).verify(pathname, searchParams)).toEqual(SEES_ALL);
  });
});
