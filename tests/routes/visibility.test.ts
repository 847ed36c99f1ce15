import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse, createDocument } from "../support/factories";
import { startOidc } from "../support/oidc";
import { deckPdf } from "../support/pdfs";

const oidc = await startOidc();
const guarded = await openGuardedApp({ OIDC_ISSUER: oidc.issuer, OIDC_AUDIENCE: "lectern" });
const { db, call, postJson, createKey } = guarded;
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await oidc[Symbol.asyncDispose]();
});

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString();
const course_id = await createCourse(db);
const student = await oidc.token({ sub: "student", scope: "read chat" });
const owner = await oidc.token({ sub: "owner", scope: "read chat ingest" });
const teacher = await oidc.token({ sub: "teacher", scope: "read chat ingest" });
let readKey = "";
let ingestKey = "";
beforeAll(async () => {
  readKey = await createKey({ scopes: ["read", "chat"] });
  ingestKey = await createKey({ scopes: ["read", "ingest"] });
});

/** A deck with three pages and their chunks, as a job leaves them. */
async function createDeck(word: string): Promise<string> {
  const { document_id } = await createDocument(db, course_id);
  await db`update documents set page_count = 3 where id = ${document_id}`;
  for (const page of [1, 2, 3]) {
    const text = `${word} page ${page}`;
    await db`insert into slide_descriptions
        (document_id, page_number, raw_description, normalized_description, described_by)
      values (${document_id}, ${page}, ${text}, ${text}, 'text')`;
    await db`insert into slide_chunks
        (document_id, course_id, chunk_index, page_number, page_end, content)
      values (${document_id}, ${course_id}, ${page - 1}, ${page}, ${page}, ${text})`;
  }
  return document_id;
}

async function createLecture(word: string): Promise<string> {
  const [row] = await db<{ lecture_id: string }[]>`
    select lecture_id from request_transcript_lecture(
      ${course_id}, ${word}, null, ${word}, ${db.json({ segments: [{ start_ms: 0, end_ms: 1_000, text: word }], words: [] })},
      'en', 1, 'upload', '[]', null)`;
  const id = row!.lecture_id;
  await db`insert into lecture_chunks
      (lecture_id, course_id, chunk_index, start_ms, end_ms, content)
    values (${id}, ${course_id}, 0, 0, 1000, ${word})`;
  return id;
}

/** A tenth of a second of silence. */
function wav(): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.alloc(44 + 1_600);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + 1_600, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(8_000, 24);
  bytes.writeUInt32LE(16_000, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(1_600, 40);
  return new Uint8Array(bytes);
}

const patch = (path: string, body: unknown, key = teacher) =>
  call("PATCH", path, key, {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
/** Searches the course, and all courses: both hide the same. */
const search = async (key: string, query: string, as = ""): Promise<string> => {
  const asked = { query, mode: "text" };
  const inCourse = await postJson(`/api/retrieval/query${as}`, { course_id, ...asked }, key);
  const across = await postJson(`/api/search${as}`, asked, key);
  const texts = [await inCourse.text(), await across.text()];
  return texts.every((text) => text === "[]") ? "[]" : texts.join("\n");
};
const get = async (key: string, path: string) => {
  const response = await call("GET", path, key);
  const text = await response.text();
  return { status: response.status, text, code: /"code":"(\w+)"/.exec(text)?.[1] ?? null };
};
const mcp = async (key: string, name: string, input: object): Promise<string> =>
  (
    await postJson(
      "/mcp",
      {
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: { course_id, ...input } },
      },
      key,
      { accept: "application/json, text/event-stream" },
    )
  ).text();

/** Every place where an asset of the course can appear, as one text. */
async function everything(key: string, kind: "document" | "lecture", id: string, word: string) {
  const base = `/api/${kind}s/${id}`;
  const lists = [
    `/api/${kind}s`,
    `/api/courses/${course_id}/assets`,
    base,
    `${base}/status`,
    `${base}/events`,
    `${base}/usage`,
    ...(kind === "document"
      ? [`${base}/pages`, `${base}/chunks`, `${base}/versions`]
      : [`${base}/transcript`, `${base}/transcript/view`]),
  ];
  const texts = [await search(key, word), await mcp(key, "list_assets", {})];
  texts.push(await mcp(key, "search", { query: word }));
  texts.push(
    kind === "document"
      ? await mcp(key, "read_page", { document_id: id, page_number: 1 })
      : await mcp(key, "read_transcript", { lecture_id: id, start_ms: 0, end_ms: 1_000 }),
  );
  for (const path of lists) texts.push((await get(key, path)).text);
  // The message of an error repeats no id; the address of the request is `instance`.
  return texts.map((text) => text.replace(/"instance":"[^"]*"/g, "")).join("\n");
}

test.each(["document", "lecture"] as const)(
  "teachers rename a %s, students cannot",
  async (kind) => {
    const id = kind === "document" ? await createDeck("otter") : await createLecture("otter");
    const path = `/api/${kind}s/${id}`;
    const before = JSON.parse((await get(teacher, path)).text);

    const renamed = await patch(path, { title: " Otters at night " });
    expect(await renamed.json()).toMatchObject({
      title: "Otters at night",
      visible_from: before.visible_from,
    });
    for (const title of ["", " ", null, 7, "x".repeat(301)]) {
      expect((await patch(path, { title })).status).toBe(422);
    }
    expect((await patch(path, { title: "Mine" }, student)).status).toBe(403);
    expect((await patch(`/api/${kind}s/${crypto.randomUUID()}`, { title: "Gone" })).status).toBe(
      404,
    );

    const assets = JSON.parse(
      (await get(teacher, `/api/courses/${course_id}/assets?limit=200`)).text,
    );
    const listed = assets.items.find((one: { id: string }) => one.id === id);
    expect(listed.title).toBe("Otters at night");
    const { items } = JSON.parse((await get(teacher, `${path}/events`)).text);
    const types = items.map((one: { event_type: string }) => one.event_type);
    expect(types.filter((type: string) => type === "renamed")).toHaveLength(1);
    expect(types).not.toContain("release_changed");
  },
);

describe("an asset before its release", () => {
  test.each(["document", "lecture"] as const)(
    "a %s is nowhere for students and everywhere for teachers",
    async (kind) => {
      const word = `zebra${kind}`;
      const id = kind === "document" ? await createDeck(word) : await createLecture(word);
      expect(await everything(student, kind, id, word)).toContain(word);

      const changed = await patch(`/api/${kind}s/${id}`, { visible_from: TOMORROW });
      expect(changed.status).toBe(200);
      expect((await changed.json()).visible_from).toBe(TOMORROW);

      for (const key of [student, readKey]) {
        const seen = await everything(key, kind, id, word);
        expect(seen).not.toContain(word);
        expect(seen).not.toContain(id);
      }
      for (const key of [teacher, ingestKey, BOOTSTRAP]) {
        expect(await search(key, word)).toContain(word);
        expect((await get(key, `/api/${kind}s/${id}`)).status).toBe(200);
      }

      await patch(`/api/${kind}s/${id}`, { visible_from: YESTERDAY });
      expect(await everything(student, kind, id, word)).toContain(word);
      await patch(`/api/${kind}s/${id}`, { visible_from: TOMORROW });
      await patch(`/api/${kind}s/${id}`, { visible_from: null });
      expect(await everything(student, kind, id, word)).toContain(word);
    },
  );

  test("teachers see with ?as=student what students see", async () => {
    const id = await createDeck("giraffe");
    await patch(`/api/documents/${id}`, { visible_from: TOMORROW });

    for (const key of [teacher, BOOTSTRAP]) {
      expect(await search(key, "giraffe", "?as=student")).toBe("[]");
      expect((await get(key, `/api/documents/${id}?as=student`)).code).toBe("document_not_found");
      const listed = await get(key, `/api/courses/${course_id}/assets?as=student&limit=200`);
      expect(listed.text).not.toContain(id);
    }
  });

  test("its events are not in the feed of students, nor are those of the whole system", async () => {
    const id = await createDeck("heron");
    await db`select record_event('system', null, null, 'provider_outage', '{"provider": "magpie"}')`;
    await patch(`/api/documents/${id}`, { visible_from: TOMORROW });
    await Bun.sleep(600); // events settle after half a second
    const read = async (key: string, filter = `&course_id=${course_id}`) => {
      const response = await call("GET", `/api/events?after=0${filter}`, key);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (const end = Date.now() + 2_000; Date.now() < end; ) {
        const part = await Promise.race([reader.read(), Bun.sleep(300).then(() => null)]);
        if (part === null && text.includes("event")) break;
        text += part?.value ?? "";
      }
      await reader.cancel();
      return text;
    };

    expect(await read(teacher)).toContain(id);
    expect(await read(student)).not.toContain(id);
    for (const key of [student, teacher]) expect(await read(key, "")).not.toContain("magpie");
    expect(await read(BOOTSTRAP, "")).toContain("magpie");
  });
});

describe("pages before their release", () => {
  test("are hidden in every list, and the file is withheld with the time of the release", async () => {
    const id = await createDeck("walrus");
    const page_releases = [{ page_from: 2, page_to: 2, visible_from: TOMORROW }];
    const changed = await patch(`/api/documents/${id}`, { page_releases });
    expect((await changed.json()).page_releases).toEqual(page_releases);

    const found = await search(student, "walrus");
    expect(found).toContain("walrus page 1");
    expect(found).not.toContain("walrus page 2");
    const read = await mcp(student, "read_page", { document_id: id, page_number: 2 });
    expect(read).not.toContain("walrus");
    for (const list of ["pages", "chunks"]) {
      const { text } = await get(student, `/api/documents/${id}/${list}`);
      expect(text).toContain("walrus page 3");
      expect(text).not.toContain("walrus page 2");
    }
    const { sha256 } = JSON.parse((await get(student, `/api/documents/${id}`)).text);
    for (const base of [`/api/documents/${id}`, `/api/documents/${id}/versions/${sha256}`]) {
      const file = await get(student, `${base}/file`);
      expect(file).toMatchObject({ status: 403, code: "not_released" });
      expect(file.text).toContain(TOMORROW.slice(0, 19));
      expect((await get(student, `${base}/pages/2/image`)).code).toBe("not_released");
      // The test stores no file, so a visible page fails later.
      expect((await get(student, `${base}/pages/1/image`)).code).toBe("document_file_missing");
      expect((await get(teacher, `${base}/file`)).code).toBe("document_file_missing");
      expect((await get(teacher, `${base}/file?as=student`)).code).toBe("not_released");
    }
    expect(await search(teacher, "walrus")).toContain("walrus page 2");

    await patch(`/api/documents/${id}`, {
      page_releases: [{ page_from: 2, page_to: 2, visible_from: YESTERDAY }],
    });
    expect(await search(student, "walrus")).toContain("walrus page 2");
    expect((await get(student, `/api/documents/${id}/file`)).code).toBe("document_file_missing");
  });

  test("bad ranges and times change nothing", async () => {
    const id = await createDeck("ibis");
    const bad = [
      { page_releases: [{ page_from: 3, page_to: 2, visible_from: TOMORROW }] },
      { page_releases: [{ page_from: 0, page_to: 2, visible_from: TOMORROW }] },
      { visible_from: "tomorrow" },
      { visible: true },
    ];
    for (const body of bad) {
      expect((await patch(`/api/documents/${id}`, body)).status).toBe(422);
    }
    expect((await patch(`/api/documents/${id}`, { visible_from: TOMORROW }, student)).status).toBe(
      403,
    );
    expect(await search(student, "ibis")).toContain("ibis page 1");
  });
});

describe("personal material", () => {
  test("only its owner and admins find, list and open it", async () => {
    const id = await createDeck("ocelot");
    const mine = await patch(`/api/documents/${id}`, { owner_id: "me" }, owner);
    expect(mine.status).toBe(200);

    expect(await everything(owner, "document", id, "ocelot")).toContain("ocelot page 1");
    expect(await everything(BOOTSTRAP, "document", id, "ocelot")).toContain("ocelot page 1");
    for (const key of [student, teacher, readKey, ingestKey]) {
      const seen = await everything(key, "document", id, "ocelot");
      expect(seen).not.toContain("ocelot");
      expect(seen).not.toContain(id);
    }
    expect((await call("DELETE", `/api/documents/${id}`, teacher)).status).toBe(404);
    expect((await patch(`/api/documents/${id}`, { owner_id: null }, owner)).status).toBe(200);
    expect(await search(student, "ocelot")).toContain("ocelot page 1");
  });

  test("users cannot give material to others, and an unknown owner is refused", async () => {
    const id = await createDeck("puffin");
    const stranger = crypto.randomUUID();

    expect((await patch(`/api/documents/${id}`, { owner_id: stranger }, owner)).status).toBe(403);
    const unknown = await patch(`/api/documents/${id}`, { owner_id: stranger }, BOOTSTRAP);
    expect((await unknown.json()).code).toBe("user_not_found");
    expect((await patch(`/api/documents/${id}`, { owner_id: "me" }, ingestKey)).status).toBe(422);
  });

  test("the same file is one document of the course and another of its owner", async () => {
    const upload = async (key: string, fields: Record<string, string> = {}) => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ course_id, ...fields })) form.set(name, value);
      form.set("file", new File(["%PDF-1.4 same bytes"], "notes.pdf"));
      const response = await call("POST", "/api/documents/upload", key, { body: form });
      return { status: response.status, id: (await response.json()).document_id };
    };
    const personal = await upload(owner, { owner_id: "me" });
    const again = await upload(owner, { owner_id: "me" });
    const common = await upload(teacher);

    expect([personal.status, again.status, common.status]).toEqual([202, 200, 202]);
    expect(again.id).toBe(personal.id);
    expect(common.id).not.toBe(personal.id);
    expect((await get(teacher, `/api/documents/${personal.id}`)).status).toBe(404);
    expect((await get(owner, `/api/documents/${personal.id}/file`)).status).toBe(200);
  });

  describe("of a recording", () => {
    const address = (session: string) =>
      `https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=${session}`;
    type Ways = Record<
      string,
      (key: string, session: string, owner_id?: string) => Promise<Response>
    >;
    const ways: Ways = {
      "its address": (key, session, owner_id) =>
        postJson(
          "/api/lectures/download",
          { course_id, panopto_url: address(session), ...(owner_id && { owner_id }) },
          key,
        ),
      "its audio": (key, session, owner_id) => {
        const form = new FormData();
        form.set("course_id", course_id);
        form.set("panopto_url", address(session));
        if (owner_id) form.set("owner_id", owner_id);
        form.set("file", new File([wav()], "sound.wav"));
        return call("POST", "/api/lectures/audio", key, { body: form });
      },
    };

    test.each(Object.entries(ways))(
      "by %s, it is one lecture of the course and another of each owner",
      async (_, send) => {
        const session = crypto.randomUUID();
        const add = async (key: string, owner_id?: string) => {
          const response = await send(key, session, owner_id);
          const text = await response.text();
          return { status: response.status, id: JSON.parse(text).lecture_id as string, text };
        };
        const personal = await add(owner, "me");
        const again = await add(owner, "me");
        const ofTeacher = await add(teacher, "me");
        const common = await add(teacher);
        const commonAgain = await add(owner);

        expect([personal, again, ofTeacher].map(({ status }) => status)).toEqual([202, 200, 202]);
        expect([common.status, commonAgain.status]).toEqual([202, 200]);
        expect(again.id).toBe(personal.id);
        expect(commonAgain.id).toBe(common.id);
        expect(new Set([personal.id, ofTeacher.id, common.id]).size).toBe(3);
        for (const stranger of [teacher, student, ingestKey]) {
          expect((await get(stranger, `/api/lectures/${personal.id}`)).code).toBe(
            "lecture_not_found",
          );
          const listed = await get(stranger, `/api/lectures?course_id=${course_id}&limit=200`);
          expect(listed.text).not.toContain(personal.id);
          expect(listed.text).toContain(common.id);
        }
        expect((await get(owner, `/api/lectures/${personal.id}`)).text).toContain('"owner_id":"');
      },
    );

    test("a lecture of a transcript can be personal from its beginning", async () => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ course_id, owner_id: "me" }))
        form.set(name, value);
      form.set(
        "file",
        new File(["WEBVTT\n\n00:00.000 --> 00:02.000\nnarwhal notes\n"], "narwhal.vtt"),
      );
      const response = await call("POST", "/api/lectures/transcript", owner, { body: form });
      const { lecture_id } = await response.json();

      expect(response.status).toBe(202);
      expect((await get(owner, `/api/lectures/${lecture_id}`)).status).toBe(200);
      expect((await get(teacher, `/api/lectures/${lecture_id}`)).status).toBe(404);
      expect(
        (await get(teacher, `/api/lectures?course_id=${course_id}&limit=200`)).text,
      ).not.toContain(lecture_id);
    });

    test("users cannot give it to others, and an unknown owner is refused", async () => {
      const stranger = crypto.randomUUID();
      for (const send of Object.values(ways)) {
        const session = crypto.randomUUID();
        expect((await send(owner, session, stranger)).status).toBe(403);
        expect((await send(ingestKey, session, "me")).status).toBe(422);
        const unknown = await send(BOOTSTRAP, session, stranger);
        expect((await unknown.json()).code).toBe("user_not_found");
        const [kept] = await db<{ count: number }[]>`
          select count(*)::int as count from lectures where panopto_session_id = ${session}`;
        expect(kept!.count).toBe(0);
      }
    });

    test("many requests at once make one lecture of each owner", async () => {
      const session = crypto.randomUUID();
      const requests = Array.from({ length: 12 }, (_, n) =>
        ways["its address"]!(
          n % 3 === 0 ? teacher : owner,
          session,
          n % 3 === 2 ? "me" : undefined,
        ),
      );
      const answers = await Promise.all(
        requests.map(async (sent) => (await (await sent).json()).lecture_id as string),
      );

      expect(new Set(answers).size).toBe(2);
    });
  });
});

test("an old answer withholds quotes of hidden material, and shows them again", async () => {
  const deck = await createDeck("quokka");
  const lecture = await createLecture("quokkalecture");
  const session_id = crypto.randomUUID();
  const question = crypto.randomUUID();
  const place = { number: 1, chunk_id: crypto.randomUUID(), title: "Deck" };
  const cited = [
    {
      ...place,
      source: "slides",
      asset_id: deck,
      quote: "quokka page 2",
      page_number: 2,
      url: "/x",
    },
    {
      ...place,
      source: "lectures",
      asset_id: lecture,
      quote: "quokkalecture",
      start_ms: 0,
      url: "/y",
    },
  ];
  const passages = cited.map(({ quote, ...one }) => ({ ...one, content: quote }));
  const result = { message_id: crypto.randomUUID(), content: JSON.stringify({ passages }) };
  const call_ = { id: "c", name: "search_slides", arguments: "{}", result };
  const metadata = { status: "complete", citations: cited, references: cited, tool_calls: [call_] };
  const [user] = await db<{ id: string }[]>`select id from users where subject = 'student'`;
  await db`insert into chat_sessions (id, course_id, user_id)
    values (${session_id}, ${course_id}, ${user!.id})`;
  await db`insert into chat_messages (id, session_id, role, content)
    values (${question}, ${session_id}, 'user', 'What?')`;
  await db`insert into chat_messages (session_id, role, content, turn_id, step, metadata)
    values (${session_id}, 'assistant', 'It is so [1].', ${question}, 0, ${db.json(metadata as never)})`;
  const read = async (key: string, path = "") =>
    (await get(key, `/api/chat/sessions/${session_id}${path}`)).text;
  expect(await read(student)).toContain("quokka page 2");

  await patch(`/api/documents/${deck}`, {
    page_releases: [{ page_from: 2, page_to: 3, visible_from: TOMORROW }],
  });
  const partly = await read(student);
  expect(partly).not.toContain("quokka page 2");
  expect(partly).toContain('"withheld":true');
  expect(partly).toContain("quokkalecture");
  await patch(`/api/lectures/${lecture}`, { visible_from: TOMORROW });
  expect(await read(student)).not.toContain("quokka");
  expect(await read(student, "/export")).not.toContain("/x");
  expect(await read(BOOTSTRAP)).toContain("quokka page 2");

  await patch(`/api/documents/${deck}`, { page_releases: [] });
  await patch(`/api/lectures/${lecture}`, { visible_from: null });
  const again = await read(student);
  expect(again).toContain("quokka page 2");
  expect(again).not.toContain("withheld");
});

describe("the stored response of an Idempotency-Key", () => {
  const deckOf = async (word: string) => {
    const document_id = await createDeck(word);
    const [row] = await db<{ id: string }[]>`
      update slide_chunks set content = ${`The ${word} weighs three kilograms.`}
      where document_id = ${document_id} and page_number = 1 returning id`;
    expect(row).toBeDefined();
    return document_id;
  };
  const ask = async (word: string) => {
    const body = { course_id, message: `How much does the ${word} weigh?` };
    const sent = await postJson("/api/chat", body, student, { "idempotency-key": word });
    expect(sent.status).toBe(200);
    return sent.json();
  };

  test("withholds quotes of material that is hidden since then", async () => {
    const deck = await deckOf("numbat");
    const first = await ask("numbat");
    expect(first.citations[0].quote).toContain("numbat");

    await patch(`/api/documents/${deck}`, { visible_from: TOMORROW });
    const repeated = await ask("numbat");
    expect(repeated.message_id).toBe(first.message_id);
    expect(repeated.citations[0]).toMatchObject({ withheld: true, url: null });
    expect(JSON.stringify(repeated.citations)).not.toContain("three kilograms");

    await patch(`/api/documents/${deck}`, { visible_from: null });
    expect(await ask("numbat")).toEqual(first);
  });

  test("is deleted with its conversation", async () => {
    await deckOf("bilby");
    const { session_id } = await ask("bilby");
    const kept = () => db`select from idempotency_keys where body::text like ${`%${session_id}%`}`;
    expect(await kept()).toHaveLength(1);

    await call("DELETE", `/api/chat/sessions/${session_id}`, student);
    expect(await kept()).toHaveLength(0);
    expect((await ask("bilby")).session_id).not.toBe(session_id);
  });
});

describe("a release chosen when material is added", () => {
  const form = (file: Uint8Array<ArrayBuffer> | string, fields: Record<string, string>) => {
    const body = new FormData();
    for (const [name, value] of Object.entries({ course_id, ...fields })) body.set(name, value);
    body.set("file", new File([file], "upload"));
    return body;
  };
  const add = async (path: string, body: FormData) => {
    const response = await call("POST", path, teacher, { body });
    return { status: response.status, body: await response.json() };
  };
  const withoutCourse = (body: FormData) => {
    body.delete("course_id");
    return body;
  };
  const deck = async (topic: string) =>
    new Uint8Array(await deckPdf([{ title: topic, body: [`About ${topic}`] }]));
  const ranges = (page_from: number, visible_from = TOMORROW) =>
    JSON.stringify([{ page_from, page_to: page_from + 1, visible_from }]);

  test.each([
    ["a document", "/api/documents/upload", () => deck(crypto.randomUUID())],
    ["audio", "/api/lectures/audio", () => wav()],
    [
      "a transcript",
      "/api/lectures/transcript",
      () => "WEBVTT\n\n00:00.000 --> 00:01.000\nHush.\n",
    ],
  ])("hides %s from the first moment", async (_, path, file) => {
    const { status, body } = await add(path, form(await file(), { visible_from: TOMORROW }));

    expect(status).toBe(202);
    const own = body.document_id
      ? `/api/documents/${body.document_id}`
      : `/api/lectures/${body.lecture_id}`;
    expect((await get(student, own)).status).toBe(404);
    const seen = await get(teacher, own);
    expect(JSON.parse(seen.text).visible_from).toBe(TOMORROW);
  });

  test("hides a recording from the first moment, and a lecture that exists keeps its release", async () => {
    const session = crypto.randomUUID();
    const panopto_url = `https://university.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=${session}`;
    const download = (visible_from: string) =>
      postJson("/api/lectures/download", { course_id, panopto_url, visible_from }, teacher);
    const first = await download(TOMORROW);
    const { lecture_id } = await first.json();
    expect(first.status).toBe(202);
    expect((await get(student, `/api/lectures/${lecture_id}`)).status).toBe(404);

    expect((await download(YESTERDAY)).status).toBe(200);
    expect((await get(student, `/api/lectures/${lecture_id}`)).status).toBe(404);
  });

  test("hides pages of an upload and of a new version, and keeps the earlier ranges", async () => {
    const { status, body } = await add(
      "/api/documents/upload",
      form(await deck("first"), { page_releases: ranges(2) }),
    );
    expect(status).toBe(202);
    const path = `/api/documents/${body.document_id}`;
    const releases = async () => JSON.parse((await get(student, path)).text).page_releases;
    expect(await releases()).toEqual([{ page_from: 2, page_to: 3, visible_from: TOMORROW }]);
    expect((await get(student, `${path}/file`)).code).toBe("not_released");

    const second = await deck("second");
    const version = withoutCourse(form(second, { page_releases: ranges(7) }));
    expect((await add(`${path}/versions`, version)).status).toBe(202);
    expect(await releases()).toHaveLength(2);

    const again = withoutCourse(form(second, { page_releases: ranges(9), visible_from: TOMORROW }));
    expect((await add(`${path}/versions`, again)).status).toBe(200);
    expect(await releases()).toHaveLength(2);

    const third = withoutCourse(form(await deck("third"), { visible_from: TOMORROW }));
    expect((await add(`${path}/versions`, third)).status).toBe(202);
    expect((await get(student, path)).status).toBe(404);
  });

  test.each([
    ["page_releases", "soon"],
    ["page_releases", '{"page_from":1}'],
    ["page_releases", '[{"page_from":3,"page_to":1,"visible_from":"2027-01-01T00:00:00Z"}]'],
    ["page_releases", '[{"page_from":1,"page_to":1,"visible_from":"tomorrow"}]'],
    ["page_releases", "[[[[[[[["],
    ["page_releases", '[{"page_from":1,"page_to":1,"visible_from":"9999-12-31T23:59:59-23:59"}]'],
    ["visible_from", "tomorrow"],
    ["visible_from", ""],
    ["visible_from", "9999-12-31T23:59:59-23:59"],
    ["visible_from", "0001-01-01T00:00:00+23:59"],
  ])("refuses %s %p and stores nothing", async (name, value) => {
    const count = async () => (await db`select from documents`).count;
    const before = await count();

    const refused = await add(
      "/api/documents/upload",
      form(await deck("refused"), { [name]: value }),
    );

    expect(refused).toMatchObject({ status: 422, body: { code: "request_invalid" } });
    expect(refused.body.details.fields[0].path).toStartWith(name);
    expect(await count()).toBe(before);
  });

  test("a version refuses fields that it would ignore", async () => {
    const { body } = await add("/api/documents/upload", form(await deck("strict"), {}));
    const sent = form(await deck("strict 2"), { owner_id: "me" });

    const refused = await add(`/api/documents/${body.document_id}/versions`, sent);

    expect(refused).toMatchObject({ status: 422, body: { code: "request_invalid" } });
  });
});
