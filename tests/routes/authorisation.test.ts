// One engine: the subject is what the routes allow to each credential.
import { afterAll, expect, test } from "bun:test";
import { revokeKey } from "../../src/db/access/keys";
import { openThreadBatches } from "../../src/db/chat/thread-batches";
import { requestLecture } from "../../src/db/lectures";
import { SEES_ALL } from "../../src/principal";
import { REQUIREMENTS } from "../../src/routes/http/auth-requirements";
import { BOOTSTRAP, OPERATOR, openGuardedApp } from "../support/access";
import { createCourse, createDocument } from "../support/factories";
import { startOidc } from "../support/oidc";

/**
 * Every operation of docs/openapi.json with every kind of credential. The expectations are written here
 * again, on purpose: a mistake in the server's own table must not change them.
 */
type Scope = "public" | "read" | "ingest" | "chat" | "admin";
/**
 * What a key for other courses gets. hidden: 404, as if the course did not exist. filtered: a list without
 * the course. refused: 403, because the operation reaches beyond courses. same: it names no course.
 */
type ForOtherCourses = "hidden" | "filtered" | "refused" | "same";

const MATRIX: Record<string, [Scope, ForOtherCourses]> = {
  "get /api/health": ["public", "same"],
  "get /api/health/live": ["public", "same"],
  "get /api/health/ready": ["public", "same"],
  "get /api/agui/config": ["public", "same"],
  "get /metrics": ["admin", "refused"],
  "get /api/keys": ["admin", "refused"],
  "post /api/keys": ["admin", "refused"],
  "post /api/keys/{key_id}/rotate": ["admin", "refused"],
  "delete /api/keys/{key_id}": ["admin", "refused"],
  "get /api/users": ["admin", "refused"],
  "get /api/users/{id}/export": ["admin", "refused"],
  "delete /api/users/{id}": ["admin", "refused"],
  "get /api/audit": ["admin", "refused"],
  "get /api/webhooks": ["admin", "refused"],
  "post /api/webhooks": ["admin", "refused"],
  "get /api/webhooks/{id}": ["admin", "refused"],
  "patch /api/webhooks/{id}": ["admin", "refused"],
  "delete /api/webhooks/{id}": ["admin", "refused"],
  "post /api/webhooks/{id}/rotate": ["admin", "refused"],
  "post /api/webhooks/{id}/test": ["admin", "refused"],
  "post /api/webhooks/{id}/replay": ["admin", "refused"],
  "get /api/webhooks/{id}/messages": ["admin", "refused"],
  "get /api/share-links": ["ingest", "hidden"],
  "post /api/share-links": ["ingest", "hidden"],
  "delete /api/share-links/{key_id}": ["ingest", "same"],
  "get /api/courses": ["read", "filtered"],
  "post /api/courses": ["ingest", "refused"],
  "get /api/courses/{id}": ["read", "hidden"],
  "patch /api/courses/{id}": ["ingest", "hidden"],
  "delete /api/courses/{id}": ["ingest", "hidden"],
  "get /api/courses/{id}/assets": ["read", "hidden"],
  "get /api/courses/{id}/sources": ["ingest", "hidden"],
  "post /api/courses/{id}/sources": ["ingest", "hidden"],
  "get /api/courses/{id}/sources/{source_id}": ["ingest", "hidden"],
  "patch /api/courses/{id}/sources/{source_id}": ["ingest", "hidden"],
  "delete /api/courses/{id}/sources/{source_id}": ["ingest", "hidden"],
  "post /api/courses/{id}/sources/{source_id}/sync": ["ingest", "hidden"],
  "get /api/courses/{id}/usage": ["ingest", "hidden"],
  "get /api/lectures": ["read", "filtered"],
  "post /api/lectures/download": ["ingest", "hidden"],
  "post /api/lectures/audio": ["ingest", "hidden"],
  "post /api/lectures/transcript": ["ingest", "hidden"],
  "get /api/lectures/{id}": ["read", "hidden"],
  "patch /api/lectures/{id}": ["ingest", "hidden"],
  "delete /api/lectures/{id}": ["ingest", "hidden"],
  "get /api/lectures/{id}/status": ["read", "hidden"],
  "get /api/lectures/{id}/events": ["read", "hidden"],
  "post /api/lectures/{id}/retry": ["ingest", "hidden"],
  "post /api/lectures/{id}/retranscribe": ["ingest", "hidden"],
  "post /api/lectures/{id}/cancel": ["ingest", "hidden"],
  "post /api/lectures/{id}/resume": ["ingest", "hidden"],
  "get /api/lectures/{id}/usage": ["read", "hidden"],
  "get /api/lectures/{id}/transcript": ["read", "hidden"],
  "put /api/lectures/{id}/transcript": ["ingest", "hidden"],
  "patch /api/lectures/{id}/transcript": ["ingest", "hidden"],
  "get /api/lectures/{id}/transcript/corrections": ["ingest", "hidden"],
  "get /api/lectures/{id}/transcript/suggestions": ["ingest", "hidden"],
  "delete /api/lectures/{id}/transcript/corrections/{correction_id}": ["ingest", "hidden"],
  "get /api/lectures/{id}/transcript/view": ["read", "hidden"],
  "get /api/lectures/{id}/timeline": ["read", "hidden"],
  "get /api/lectures/{id}/chapters": ["read", "hidden"],
  "get /api/lectures/{id}/quality": ["read", "hidden"],
  "get /api/lectures/{id}/slides": ["read", "hidden"],
  "put /api/lectures/{id}/slides": ["ingest", "hidden"],
  "get /api/documents": ["read", "filtered"],
  "post /api/documents/upload": ["ingest", "hidden"],
  "post /api/documents/upload-folder": ["ingest", "hidden"],
  "get /api/documents/{id}": ["read", "hidden"],
  "patch /api/documents/{id}": ["ingest", "hidden"],
  "delete /api/documents/{id}": ["ingest", "hidden"],
  "get /api/documents/{id}/status": ["read", "hidden"],
  "get /api/documents/{id}/events": ["read", "hidden"],
  "get /api/documents/{id}/file": ["read", "hidden"],
  "get /api/documents/{id}/pages": ["read", "hidden"],
  "get /api/documents/{id}/pages/{page_number}/image": ["read", "hidden"],
  "get /api/documents/{id}/pages/{page_number}/moments": ["read", "hidden"],
  "get /api/documents/{id}/pages/{page_number}/text": ["read", "hidden"],
  "get /api/documents/{id}/chunks": ["read", "hidden"],
  "post /api/documents/{id}/describe": ["ingest", "hidden"],
  "post /api/documents/{id}/retry": ["ingest", "hidden"],
  "post /api/documents/{id}/resume": ["ingest", "hidden"],
  "get /api/documents/{id}/usage": ["read", "hidden"],
  "post /api/lectures/{id}/hurry": ["ingest", "hidden"],
  "post /api/documents/{id}/cancel": ["ingest", "hidden"],
  "post /api/documents/{id}/hurry": ["ingest", "hidden"],
  "post /api/documents/{id}/versions": ["ingest", "hidden"],
  "get /api/documents/{id}/versions": ["read", "hidden"],
  "get /api/documents/{id}/versions/{sha256}": ["read", "hidden"],
  "get /api/documents/{id}/versions/{sha256}/file": ["read", "hidden"],
  "get /api/backups": ["admin", "refused"],
  "post /api/backups": ["admin", "refused"],
  "get /api/backups/{id}": ["admin", "refused"],
  "get /api/retention": ["admin", "refused"],
  "get /api/jobs": ["admin", "refused"],
  "get /api/jobs/{id}": ["admin", "refused"],
  "post /api/jobs/resume": ["admin", "refused"],
  "get /api/documents/{id}/versions/{sha256}/pages/{page_number}/image": ["read", "hidden"],
  "get /api/events": ["read", "filtered"],
  "post /api/signed-urls": ["read", "hidden"],
  "post /api/retrieval/query": ["read", "hidden"],
  "post /api/search": ["read", "hidden"],
  "post /api/chat": ["chat", "hidden"],
  "post /api/chat/stream": ["chat", "hidden"],
  "get /api/chat/capabilities": ["chat", "same"],
  "get /api/chat/sessions": ["chat", "hidden"],
  "get /api/chat/sessions/{id}": ["chat", "hidden"],
  "get /api/chat/sessions/{id}/export": ["chat", "hidden"],
  "patch /api/chat/sessions/{id}": ["chat", "hidden"],
  "post /api/chat/sessions/{id}/stop": ["chat", "hidden"],
  "delete /api/chat/sessions/{id}": ["chat", "hidden"],
  "post /api/chat/messages/{id}/feedback": ["chat", "hidden"],
  "delete /api/chat/messages/{id}/feedback": ["chat", "hidden"],
  "get /api/courses/{id}/feedback": ["ingest", "hidden"],
  "get /api/courses/{id}/question-groups": ["ingest", "hidden"],
  "post /api/courses/{id}/exam": ["admin", "refused"],
  "get /api/courses/{id}/exam": ["ingest", "hidden"],
  "post /api/courses/{id}/exam/accept": ["admin", "refused"],
  "post /v1/chat/completions": ["chat", "hidden"],
  "post /v1/responses": ["chat", "hidden"],
  "post /v1/embeddings": ["chat", "hidden"],
  "get /v1/models": ["chat", "filtered"],
  "get /v1/models/{model}": ["chat", "hidden"],
  "post /mcp": ["read", "hidden"],
};

const document = await Bun.file("docs/openapi.json").json();
const operations: string[] = Object.entries(document.paths as Record<string, object>).flatMap(
  ([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path.replace(/(.)\/$/, "$1")}`),
);

const oidc = await startOidc();
const guarded = await openGuardedApp({
  OIDC_ISSUER: oidc.issuer,
  OIDC_AUDIENCE: "lectern",
  OIDC_COURSES_CLAIM: "courses",
});
const { db, app, call, createKey } = guarded;
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await oidc[Symbol.asyncDispose]();
});

const course_id = await createCourse(db);
const otherCourse = await createCourse(db);
const lecture = (course: string) =>
  requestLecture(db, {
    course_id: course,
    session_id: crypto.randomUUID(),
    panopto_url: "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=1",
    title: null,
    owner_id: null,
    transcription: true,
    priority: "normal",
  });

/** Ids that an operation can use up, because it can delete them. */
async function freshTargets() {
  const course = await createCourse(db);
  const session_id = crypto.randomUUID();
  const name = { id: session_id, course_id: course, thread_id: null };
  await openThreadBatches(db).openThread({
    ...name,
    user_id: null,
    owner: "all",
    viewer: SEES_ALL,
  });
  const message_id = crypto.randomUUID();
  await db`
    with question as (
      insert into chat_messages (session_id, role, content) values (${session_id}, 'user', 'Why?')
      returning id
    )
    insert into chat_messages (id, session_id, role, content, turn_id, step)
    select ${message_id}, ${session_id}, 'assistant', 'Because.', id, 0 from question`;
  return {
    message_id,
    course_id: course,
    lecture_id: (await lecture(course)).lecture_id,
    document_id: (await createDocument(db, course)).document_id,
    session_id,
    key_id: (await createKey()).split("_")[1]!,
  };
}
type Targets = Awaited<ReturnType<typeof freshTargets>>;
const shared = await freshTargets();

const revoked = await createKey({ scopes: ["admin"] });
await revokeKey(db, revoked.split("_")[1]!, OPERATOR);
await guarded.services.keys.reload();

const QUESTION = "What is entropy?";
const bodies: Record<string, (targets: Targets) => object> = {
  "post /api/lectures/download": ({ course_id }) => ({
    course_id,
    panopto_url:
      "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=8f14e45f-ceea-467f-a9d6-12f1b6a7c111",
  }),
  "post /api/share-links": ({ course_id }) => ({ course_id }),
  "post /api/signed-urls": ({ document_id }) => ({
    urls: [`/api/documents/${document_id}/file`],
  }),
  "post /api/retrieval/query": ({ course_id }) => ({ course_id, query: QUESTION }),
  "post /api/search": ({ course_id }) => ({ course_ids: [course_id], query: QUESTION }),
  "post /api/chat": ({ course_id }) => ({ course_id, message: QUESTION }),
  "post /api/chat/stream": ({ course_id }) => ({ course_id, message: QUESTION }),
  "post /v1/responses": ({ course_id }) => ({ model: `course:${course_id}`, input: "Coins?" }),
  "post /v1/embeddings": ({ course_id }) => ({ model: `course:${course_id}`, input: "Coins?" }),
  "post /v1/chat/completions": ({ course_id }) => ({
    model: `course:${course_id}`,
    messages: [{ role: "user", content: QUESTION }],
  }),
};
const FORMS = [
  "post /api/lectures/audio",
  "post /api/lectures/transcript",
  "post /api/documents/upload",
  "post /api/documents/upload-folder",
];

/** Sends an operation; `complete` with a body that the route accepts, else with an empty object. */
async function send(
  operation: string,
  credential: string | undefined,
  targets: Targets,
  complete: boolean,
) {
  const [method, template] = operation.split(" ") as [string, string];
  const kind = /^\/api\/(chat\/)?(\w+)\//.exec(template)?.[2];
  const id = {
    courses: targets.course_id,
    lectures: targets.lecture_id,
    documents: targets.document_id,
    sessions: targets.session_id,
    messages: targets.message_id,
    users: crypto.randomUUID(),
    webhooks: crypto.randomUUID(),
    jobs: targets.lecture_id,
  }[kind ?? ""];
  let path = template
    .replace("{id}", id ?? "")
    .replace("{key_id}", targets.key_id)
    .replace("{source_id}", crypto.randomUUID())
    .replace("{page_number}", "1")
    .replace("{correction_id}", crypto.randomUUID())
    .replace("{sha256}", "0".repeat(64))
    .replace("{model}", `course:${targets.course_id}`);
  if (
    operation === "get /api/share-links" ||
    operation === "get /api/chat/sessions" ||
    operation === "post /mcp"
  )
    path += `?course_id=${targets.course_id}`;
  const request: RequestInit = {};
  if (FORMS.includes(operation) && complete) {
    const form = new FormData();
    form.set("course_id", targets.course_id);
    const field = operation.endsWith("-folder") ? "files" : "file";
    form.set(field, new File(["WEBVTT\n\n00:01.000 --> 00:02.000\nHello"], "file.vtt"));
    request.body = form;
  } else if (["post", "put", "patch"].includes(method)) {
    request.body = JSON.stringify(complete ? (bodies[operation]?.(targets) ?? {}) : {});
    request.headers = { "content-type": "application/json" };
  }
  const response = await call(method.toUpperCase(), path, credential, request);
  const isProblem =
    /json/.test(response.headers.get("content-type") ?? "") && response.status >= 400;
  const body = isProblem ? await response.json() : await response.body?.cancel();
  return {
    status: response.status,
    code: (body?.code ?? body?.error?.code ?? null) as string | null,
  };
}

const NOT_FOUND = /^(course|lecture|document|session|message)_not_found$/;
const granted = (scopes: string[], scope: Scope) => scope === "public" || scopes.includes(scope);

test("the matrix has every operation of docs/openapi.json and no other", () => {
  expect(Object.keys(MATRIX).sort()).toEqual(operations.sort());
});

test("every route has a requirement, and every requirement a route", () => {
  const normalized = ({ method, path }: { method: string; path: string }) =>
    `${method} ${path.replace(/(.)\/$/, "$1")}`;
  const routes = app.routes.filter(({ method }) => method !== "OPTIONS").map(normalized);

  expect([...new Set(routes)].sort()).toEqual(Object.keys(REQUIREMENTS).sort());
});

const REFUSED = {
  "no key": async () => undefined,
  "a bad key": async () => "lk_nonsense",
  "an expired key": () => createKey({ scopes: ["admin"], expires_at: "2020-01-01T00:00:00Z" }),
  "a revoked key": async () => revoked,
  "an expired token": () =>
    oidc.token({ scope: "admin", exp: Math.floor(Date.now() / 1_000) - 60 }),
  "a token for another service": () => oidc.token({ scope: "admin", aud: "other" }),
};
test.each(Object.entries(REFUSED))(
  "%s gets 401 from all but the public operations",
  async (_, make) => {
    const credential = await make();
    const wrong: string[] = [];
    for (const [operation, [scope]] of Object.entries(MATRIX)) {
      const { status } = await send(operation, credential, shared, true);
      if ((status === 401) === (scope === "public")) wrong.push(`${operation}: ${status}`);
    }

    expect(wrong).toEqual([]);
  },
);

const ALLOWED: Record<string, { scopes: string[]; make: (targets: Targets) => Promise<string> }> = {
  "a key to read": { scopes: ["read"], make: () => createKey({ scopes: ["read"] }) },
  "a key to ingest": { scopes: ["ingest"], make: () => createKey({ scopes: ["ingest"] }) },
  "a key to chat": { scopes: ["chat"], make: () => createKey({ scopes: ["chat"] }) },
  "a key for the course": {
    scopes: ["read", "ingest", "chat"],
    make: ({ course_id }) =>
      createKey({ scopes: ["read", "ingest", "chat"], course_ids: [course_id] }),
  },
  "an admin key": {
    scopes: ["read", "ingest", "chat", "admin"],
    make: () => createKey({ scopes: ["admin"] }),
  },
  "the bootstrap key": { scopes: ["read", "ingest", "chat", "admin"], make: async () => BOOTSTRAP },
  "a student's token": {
    scopes: ["read", "chat"],
    make: ({ course_id }) => oidc.token({ scope: "read chat", courses: [course_id] }),
  },
  "a teacher's token": {
    scopes: ["read", "ingest", "chat"],
    make: ({ course_id }) => oidc.token({ scope: "read ingest chat", courses: [course_id] }),
  },
};
test.each(Object.entries(ALLOWED))(
  "%s reaches what its scopes allow, and nothing else",
  async (name, { scopes, make }) => {
    const isLimited = /course|token/.test(name);
    const isUser = name.includes("token");
    const wrong: string[] = [];
    for (const [operation, [scope, forOthers]] of Object.entries(MATRIX)) {
      const isGranted = granted(scopes, scope) && !(isLimited && forOthers === "refused");
      const targets = isGranted ? await freshTargets() : shared;
      const { status, code } = await send(operation, await make(targets), targets, false);
      // The conversation has no user, so it is not the student's or the teacher's.
      const isForeignSession = isUser && /\/(sessions|messages)\/\{id\}/.test(operation);
      const expected = !isGranted
        ? status === 403 && code === "forbidden"
        : isForeignSession
          ? /^(session|message)_not_found$/.test(code ?? "")
          : status !== 401 && status !== 403 && !NOT_FOUND.test(code ?? "");
      if (!expected) wrong.push(`${operation}: ${status} ${code}`);
    }

    expect(wrong).toEqual([]);
  },
);

const FOREIGN = {
  "a key for another course": () =>
    createKey({ scopes: ["read", "ingest", "chat"], course_ids: [otherCourse] }),
  "a token for another course": () =>
    oidc.token({ scope: "read ingest chat", courses: [otherCourse] }),
  "a token without courses": () => oidc.token({ scope: "read ingest chat" }),
};
test.each(Object.entries(FOREIGN))("%s finds nothing of this course", async (_, make) => {
  const credential = await make();
  const wrong: string[] = [];
  for (const [operation, [scope, forOthers]] of Object.entries(MATRIX)) {
    if (scope === "public" || forOthers === "same") continue;
    const { status, code } = await send(operation, credential, shared, true);
    const expected = {
      hidden: status === 404 && NOT_FOUND.test(code ?? ""),
      refused: status === 403,
      filtered: status === 200,
    }[forOthers];
    if (!expected) wrong.push(`${operation}: ${status} ${code}`);
  }

  expect(wrong).toEqual([]);
});

test("lists leave out the courses of others", async () => {
  const key = await createKey({ scopes: ["read", "chat"], course_ids: [otherCourse] });
  const seen: string[] = [];
  for (const path of ["/api/courses", "/api/lectures", "/api/documents", "/v1/models"]) {
    seen.push(await (await call("GET", path, key)).text());
  }
  const search = {
    body: JSON.stringify({ query: "hello" }),
    headers: { "content-type": "application/json" },
  };
  const found = await call("POST", "/api/search", key, search);
  expect(found.status).toBe(200);
  seen.push(await found.text());

  expect(seen.join()).toContain(otherCourse);
  for (const id of [course_id, shared.course_id, shared.lecture_id, shared.document_id]) {
    expect(seen.join()).not.toContain(id);
  }
});

test("only an administrator changes a budget or exceeds one", async () => {
  const key = await createKey({ scopes: ["ingest"], course_ids: [course_id] });
  const { lecture_id } = await lecture(course_id);
  const json = {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ budget: { course: { usd: 1_000 } } }),
  };

  const refused = [
    await call("PATCH", `/api/courses/${course_id}`, key, json),
    await call("POST", `/api/lectures/${lecture_id}/resume?override=true`, key),
  ];
  const allowed = await call("PATCH", `/api/courses/${course_id}`, BOOTSTRAP, json);

  expect(refused.map(({ status }) => status)).toEqual([403, 403]);
  expect(allowed.status).toBe(200);
});
