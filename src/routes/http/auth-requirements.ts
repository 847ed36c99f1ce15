import type { AccessScope } from "../../principal";

/** The permissions that a route requires, checked before the body is read. */
export type Requirement = {
  /** Null: no credential is needed. */
  scope: AccessScope | null;
  /** A public route that shows more to callers with a credential. */
  identifies?: true;
  /** What `:id` names: for a principal limited to courses, an id of another course does not exist. */
  id?: "course" | "lecture" | "document" | "session" | "message";
  /** A signed address opens the route without another credential. */
  signable?: true;
  /**
   * Refuses share links: their visitors must not see the conversations of each other, or buy vectors for
   * uses outside the course.
   */
  noLinks?: true;
  /** The route reaches beyond single courses, so a principal limited to courses is refused. */
  allCourses?: true;
};

const PUBLIC: Requirement = { scope: null };
const READ: Requirement = { scope: "read" };
const READ_COURSE: Requirement = { scope: "read", id: "course" };
const READ_LECTURE: Requirement = { scope: "read", id: "lecture" };
const READ_DOCUMENT: Requirement = { scope: "read", id: "document" };
const OPEN_LECTURE: Requirement = { ...READ_LECTURE, signable: true };
const OPEN_DOCUMENT: Requirement = { ...READ_DOCUMENT, signable: true };
const INGEST: Requirement = { scope: "ingest" };
const INGEST_COURSE: Requirement = { scope: "ingest", id: "course" };
const INGEST_LECTURE: Requirement = { scope: "ingest", id: "lecture" };
const INGEST_DOCUMENT: Requirement = { scope: "ingest", id: "document" };
const CHAT: Requirement = { scope: "chat" };
const CHAT_SESSION: Requirement = { scope: "chat", id: "session", noLinks: true };
const CHAT_MESSAGE: Requirement = { scope: "chat", id: "message" };
const ADMIN: Requirement = { scope: "admin" };
const ADMIN_OF_ALL: Requirement = { scope: "admin", allCourses: true };

/**
 * The requirement of every route. A route that is missing here needs the scope admin, and a test fails.
 *
 * A `course_id` in the query is checked for every route. Routes with a course in their body, and lists,
 * check it themselves with `requireCourse` and `principalOf`.
 */
export const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  "GET /": PUBLIC,
  "GET /favicon.ico": PUBLIC,
  "GET /ag-ui": PUBLIC,
  "GET /ag-ui/static/*": PUBLIC,
  "GET /ag-ui/*": PUBLIC,
  "GET /api/agui/config": { scope: null, identifies: true },
  "GET /docs/errors": PUBLIC,
  "GET /swagger": PUBLIC,
  // The document describes the API and is published as docs/openapi.json; its operations need a key.
  "GET /swagger/json": PUBLIC,
  "GET /swagger/assets/:file": PUBLIC,
  // Anonymous callers see no details.
  "GET /api/health": { scope: null, identifies: true },
  "GET /api/health/live": PUBLIC,
  "GET /api/health/ready": { scope: null, identifies: true },
  "GET /metrics": ADMIN,

  "GET /api/keys": ADMIN,
  "POST /api/keys": ADMIN,
  "POST /api/keys/:key_id/rotate": ADMIN,
  "DELETE /api/keys/:key_id": ADMIN,

  "GET /api/users": ADMIN,
  "GET /api/users/:id/export": ADMIN,
  "DELETE /api/users/:id": ADMIN,

  "GET /api/audit": ADMIN,

  "GET /api/webhooks": ADMIN_OF_ALL,
  "POST /api/webhooks": ADMIN_OF_ALL,
  "GET /api/webhooks/:id": ADMIN_OF_ALL,
  "PATCH /api/webhooks/:id": ADMIN_OF_ALL,
  "DELETE /api/webhooks/:id": ADMIN_OF_ALL,
  "POST /api/webhooks/:id/rotate": ADMIN_OF_ALL,
  "POST /api/webhooks/:id/test": ADMIN_OF_ALL,
  "POST /api/webhooks/:id/replay": ADMIN_OF_ALL,
  "GET /api/webhooks/:id/messages": ADMIN_OF_ALL,

  "GET /api/share-links": INGEST,
  "POST /api/share-links": INGEST,
  "DELETE /api/share-links/:key_id": INGEST,

  "GET /api/courses": READ,
  "POST /api/courses": { scope: "ingest", allCourses: true },
  "GET /api/courses/:id": READ_COURSE,
  "PATCH /api/courses/:id": INGEST_COURSE,
  "DELETE /api/courses/:id": INGEST_COURSE,
  "GET /api/courses/:id/assets": READ_COURSE,
  // The sums include material that students and other owners do not see.
  "GET /api/courses/:id/sources": INGEST_COURSE,
  "POST /api/courses/:id/sources": INGEST_COURSE,
  "GET /api/courses/:id/sources/:source_id": INGEST_COURSE,
  "PATCH /api/courses/:id/sources/:source_id": INGEST_COURSE,
  "DELETE /api/courses/:id/sources/:source_id": INGEST_COURSE,
  "POST /api/courses/:id/sources/:source_id/sync": INGEST_COURSE,
  "GET /api/courses/:id/usage": INGEST_COURSE,

  "GET /api/lectures": READ,
  "POST /api/lectures/download": INGEST,
  "POST /api/lectures/audio": INGEST,
  "POST /api/lectures/transcript": INGEST,
  "GET /api/lectures/:id": READ_LECTURE,
  "PATCH /api/lectures/:id": INGEST_LECTURE,
  "DELETE /api/lectures/:id": INGEST_LECTURE,
  "GET /api/lectures/:id/status": READ_LECTURE,
  "GET /api/lectures/:id/events": READ_LECTURE,
  "POST /api/lectures/:id/retry": INGEST_LECTURE,
  "POST /api/lectures/:id/retranscribe": INGEST_LECTURE,
  "POST /api/lectures/:id/cancel": INGEST_LECTURE,
  "POST /api/lectures/:id/hurry": INGEST_LECTURE,
  "POST /api/lectures/:id/resume": INGEST_LECTURE,
  "GET /api/lectures/:id/usage": READ_LECTURE,
  "GET /api/lectures/:id/transcript": OPEN_LECTURE,
  "PUT /api/lectures/:id/transcript": INGEST_LECTURE,
  "PATCH /api/lectures/:id/transcript": INGEST_LECTURE,
  "GET /api/lectures/:id/transcript/corrections": INGEST_LECTURE,
  "GET /api/lectures/:id/transcript/suggestions": INGEST_LECTURE,
  "DELETE /api/lectures/:id/transcript/corrections/:correction_id": INGEST_LECTURE,
  "GET /api/lectures/:id/transcript/view": OPEN_LECTURE,
  "GET /api/lectures/:id/timeline": READ_LECTURE,
  "GET /api/lectures/:id/chapters": OPEN_LECTURE,
  "GET /api/lectures/:id/quality": READ_LECTURE,
  "GET /api/lectures/:id/slides": READ_LECTURE,
  "PUT /api/lectures/:id/slides": INGEST_LECTURE,

  "GET /api/documents": READ,
  "POST /api/documents/upload": INGEST,
  "POST /api/documents/upload-folder": INGEST,
  "GET /api/documents/:id": READ_DOCUMENT,
  "PATCH /api/documents/:id": INGEST_DOCUMENT,
  "DELETE /api/documents/:id": INGEST_DOCUMENT,
  "GET /api/documents/:id/status": READ_DOCUMENT,
  "GET /api/documents/:id/versions": READ_DOCUMENT,
  "POST /api/documents/:id/versions": INGEST_DOCUMENT,
  "GET /api/documents/:id/versions/:sha256": READ_DOCUMENT,
  "GET /api/documents/:id/versions/:sha256/file": OPEN_DOCUMENT,
  "GET /api/documents/:id/versions/:sha256/pages/:page_number/image": OPEN_DOCUMENT,
  "GET /api/documents/:id/events": READ_DOCUMENT,
  "GET /api/documents/:id/file": OPEN_DOCUMENT,
  "GET /api/documents/:id/pages": READ_DOCUMENT,
  "GET /api/documents/:id/pages/:page_number/image": OPEN_DOCUMENT,
  "GET /api/documents/:id/pages/:page_number/moments": READ_DOCUMENT,
  "GET /api/documents/:id/pages/:page_number/text": READ_DOCUMENT,
  "GET /api/documents/:id/chunks": READ_DOCUMENT,
  "POST /api/documents/:id/describe": INGEST_DOCUMENT,
  "POST /api/documents/:id/retry": INGEST_DOCUMENT,
  "POST /api/documents/:id/cancel": INGEST_DOCUMENT,
  "POST /api/documents/:id/hurry": INGEST_DOCUMENT,
  "POST /api/documents/:id/resume": INGEST_DOCUMENT,
  "GET /api/documents/:id/usage": READ_DOCUMENT,

  "GET /api/backups": ADMIN,
  "POST /api/backups": ADMIN,
  "GET /api/backups/:id": ADMIN,
  "GET /api/retention": ADMIN,
  "GET /api/jobs": ADMIN,
  "POST /api/jobs/resume": ADMIN,
  "GET /api/jobs/:id": ADMIN,

  "GET /api/events": READ,
  "POST /api/signed-urls": READ,
  "POST /api/retrieval/query": READ,
  "POST /api/search": READ,

  "POST /api/chat": CHAT,
  "POST /api/chat/stream": CHAT,
  "GET /api/chat/capabilities": CHAT,
  "GET /api/chat/sessions": { ...CHAT, noLinks: true },
  "GET /api/chat/sessions/:id": CHAT_SESSION,
  "GET /api/chat/sessions/:id/export": CHAT_SESSION,
  "PATCH /api/chat/sessions/:id": CHAT_SESSION,
  "POST /api/chat/sessions/:id/stop": CHAT_SESSION,
  "DELETE /api/chat/sessions/:id": CHAT_SESSION,
  "POST /api/chat/messages/:id/feedback": CHAT_MESSAGE,
  "DELETE /api/chat/messages/:id/feedback": CHAT_MESSAGE,
  "GET /api/courses/:id/feedback": INGEST_COURSE,
  "GET /api/courses/:id/question-groups": INGEST_COURSE,
  "POST /api/courses/:id/exam": { scope: "admin", id: "course" },
  "GET /api/courses/:id/exam": INGEST_COURSE,
  "POST /api/courses/:id/exam/accept": { scope: "admin", id: "course" },

  "POST /v1/chat/completions": CHAT,
  "POST /v1/responses": CHAT,
  "POST /v1/embeddings": { ...CHAT, noLinks: true },
  "GET /v1/models": CHAT,
  "GET /v1/models/:model": CHAT,
  "POST /mcp": READ,
};

/** For a route without an entry: deny by default. */
export const UNLISTED: Requirement = ADMIN;
