const COURSE = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const QUESTION = "What does entropy measure?";
const PANOPTO_URL =
  "https://university.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=8f14e45f-ceea-467f-a9d6-12f1b6a7c111";

/**
 * The body that Swagger's "Try it out" starts with, by method and path; users replace only the ids.
 * Without an example, Swagger fills in all optional fields, and most routes refuse that.
 */
export const EXAMPLES: Record<string, unknown> = {
  "post /api/keys": { name: "Course website", scopes: ["read", "chat"], expires_in_days: 365 },
  "post /api/keys/{key_id}/rotate": { overlap_hours: 24 },
  "post /api/webhooks": {
    url: "https://lms.university.example/hooks/lectern",
    course_id: COURSE,
    event_types: ["lecture.completed", "document.completed"],
  },
  "patch /api/webhooks/{id}": { enabled: true },
  "post /api/webhooks/{id}/rotate": { overlap_hours: 24 },
  "post /api/webhooks/{id}/replay": { from_sequence: 1 },
  "post /api/share-links": { course_id: COURSE, expires_in_hours: 24 },
  "post /api/signed-urls": { urls: [`/api/documents/${COURSE}/file`] },
  "post /api/courses": { name: "Information theory", description: "Spring term" },
  "post /api/courses/{id}/sources": {
    url: `https://university.hosted.panopto.com/Panopto/Pages/Sessions/List.aspx#folderID=%22${COURSE}%22`,
    sync_every_hours: 24,
  },
  "patch /api/courses/{id}/sources/{source_id}": { sync_every_hours: 24 },
  "patch /api/courses/{id}": { description: "Autumn term" },
  "post /api/lectures/download": { course_id: COURSE, panopto_url: PANOPTO_URL },
  "post /api/lectures/transcript": {
    course_id: COURSE,
    title: "Entropy",
    media_url: "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    file: "WEBVTT",
  },
  "patch /api/lectures/{id}": { visible_from: "2027-04-12T08:00:00Z" },
  "patch /api/documents/{id}": { visible_from: "2027-04-12T08:00:00Z" },
  "put /api/lectures/{id}/transcript": {
    language_code: "en",
    segments: [{ start_ms: 0, end_ms: 4_000, text: "Entropy measures surprise." }],
  },
  "put /api/lectures/{id}/slides": { document_ids: [COURSE] },
  "patch /api/lectures/{id}/transcript": { find: "eigen value", replacement: "eigenvalue" },
  "post /api/documents/{id}/describe": { force: false },
  "post /api/retrieval/query": { course_id: COURSE, query: QUESTION, top_k: 8 },
  "post /api/search": { query: QUESTION, top_k: 8 },
  "post /api/chat": { course_id: COURSE, message: QUESTION },
  "post /api/chat/stream": { course_id: COURSE, message: QUESTION },
  "patch /api/chat/sessions/{id}": { session_label: "Entropy before the exam" },
  "post /api/chat/messages/{id}/feedback": {
    rating: "down",
    reason: "wrong_citation",
    citation: 1,
    comment: "The slide is about another theorem.",
  },
  "post /v1/chat/completions": {
    model: `course:${COURSE}`,
    messages: [{ role: "user", content: QUESTION }],
  },
  "post /v1/responses": { model: `course:${COURSE}`, input: QUESTION },
  "post /v1/embeddings": { model: `course:${COURSE}`, input: [QUESTION] },
  "post /mcp": { jsonrpc: "2.0", id: 1, method: "tools/list" },
};
