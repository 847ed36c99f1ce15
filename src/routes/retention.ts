import { Elysia } from "elysia";
import { z } from "zod";
import type { Config } from "../config";
import type { Sql } from "../db/client";
import { listDueContent, RETAINED_KINDS } from "../db/content-retention";
import { toContentRetention } from "../services";
import { Id, Time } from "./http/schemas";

const Days = z.int().min(0).max(36_500);
const QueryDays = z.coerce.number().int().min(0).max(36_500).optional();

const Preview = z
  .object({
    days: z
      .object({ pdfs: Days, transcripts: Days, embeddings: Days, chats: Days })
      .describe("The retention of each kind; 0: it is kept"),
    due: z.array(
      z.object({
        kind: z.enum(RETAINED_KINDS),
        course_id: Id,
        course_name: z.string(),
        count: z
          .int()
          .describe("Documents, lectures, assets with vectors, or conversations that are deleted"),
        oldest_at: Time.describe("The oldest upload, or the oldest last message"),
      }),
    ),
  })
  .meta({ id: "RetentionPreview" });

const PreviewQuery = z.object({
  days_ahead: z.coerce
    .number()
    .int()
    .min(0)
    .max(3_650)
    .default(0)
    .describe("Counts the content that is due in so many days"),
  pdfs: QueryDays.describe("Instead of PDF_RETENTION_DAYS, to try a value"),
  transcripts: QueryDays.describe("Instead of TRANSCRIPT_RETENTION_DAYS"),
  embeddings: QueryDays.describe("Instead of EMBEDDING_RETENTION_DAYS"),
  chats: QueryDays.describe("Instead of CHAT_RETENTION_DAYS"),
});

/** What retention deletes next, for administrators. */
export const retentionRoutes = ({ db, config }: { db: Sql; config: Config }) =>
  new Elysia({ prefix: "/api/retention", tags: ["Operation"] }).get(
    "",
    async ({ query: { days_ahead, ...tried } }) => {
      const set = Object.entries(tried).filter(([, days]) => days !== undefined);
      const days = { ...toContentRetention(config), ...Object.fromEntries(set) };
      return { days, due: await listDueContent(db, days, days_ahead) };
    },
    {
      query: PreviewQuery,
      response: Preview,
      detail: {
        summary: "Preview the next deletions of retention",
        description:
          "Deletes nothing. Maintenance deletes due content once a day. See docs/operations.md.",
      },
    },
  );
