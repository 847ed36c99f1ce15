import { Elysia } from "elysia";
import { z } from "zod";
import { getShownVersion, getVersion } from "../../db/document-versions";
import { getDocument } from "../../db/documents";
import { listBuildDescriptions, listDescriptions, listSlideChunks } from "../../db/slides";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import type { DescribeTools } from "../../pipelines/document/describe";
import { describeNow } from "../../pipelines/document/describe-now";
import { summarizeDeck } from "../../pipelines/document/summary";
import type { CallPolicy } from "../../pipelines/paid-calls";
import { requestEnd, viewerOf } from "../http/auth";
import { optionalJsonBody } from "../http/json-body";
import { requireReleased } from "../http/released";
import { ById, Id, Json, PageQuery, pageOf } from "../http/schemas";
import { ByVersion, Document, withUrl } from "./document-schemas";
import { IMAGE_RESPONSES, openPageImages } from "./page-image";
import { openPageWords } from "./page-words";

const Chunk = z
  .object({
    id: Id,
    chunk_index: z.int(),
    page_number: z.int(),
    page_end: z.int(),
    content: z.string(),
    metadata: Json,
    embedding_model: z.string().nullable(),
  })
  .meta({ id: "SlideChunk" });

const DescribedBy = z.enum(["model", "ocr", "text"]);

const PageDescription = z
  .object({
    page_number: z.int(),
    raw_description: z.string(),
    normalized_description: z.string(),
    described_by: DescribedBy,
    metadata: Json,
  })
  .meta({ id: "SlideDescription" });

const Share = z.number().min(0).max(1);

const PageText = z
  .object({
    document_id: Id,
    page_number: z.int(),
    words: z
      .array(
        z.object({
          text: z.string(),
          x: Share.describe("Left side, as a share of the page's width"),
          y: Share.describe("Upper side, as a share of the page's height"),
          width: Share,
          height: Share,
        }),
      )
      .describe("In the order of the file; empty for a picture without text"),
  })
  .meta({ id: "PageText" });

/** The largest integer of PostgreSQL. */
const MAX_COUNT = 2_147_483_647;

/** Chunks and pages are numbered, so the cursor is the last number of the previous list. */
const CountedQuery = z.object({
  limit: PageQuery.shape.limit,
  cursor: z.coerce.number().int().min(-1).max(MAX_COUNT).optional(),
});

const DescribeRequest = z
  .strictObject({
    force: z.boolean().optional().describe("Describe all pages again"),
    pages: z.array(z.int().min(1)).min(1).max(1_000).optional().describe("Only these pages"),
  })
  .optional();

const DocumentSummary = Document.extend({
  languages: z.array(z.string()),
  described_by: z.object({ model: z.int(), ocr: z.int(), text: z.int() }),
  pages: z.array(
    z.object({
      page_number: z.int(),
      label: z.string().nullable().describe("The number that the deck itself gives the page"),
      title: z.string().nullable(),
      section: z.string().nullable(),
      described_by: DescribedBy,
      describe_error: z
        .string()
        .nullable()
        .describe("Why text is missing; `picture_not_read`: no model and no OCR is configured"),
      key_terms: z.array(z.string()),
      excerpt: z.string(),
    }),
  ),
}).meta({ id: "DocumentSummary" });

type DocumentPageRoutesDeps = DescribeTools & {
  log: Log;
  callPolicy: CallPolicy;
  /** Aborted when the process stops; workers of the next process continue the job. */
  shutdown: AbortSignal;
};

/** A document's page descriptions, chunks and page images, and the request to describe it now. */
export const documentPageRoutes = (services: DocumentPageRoutesDeps) => {
  const { db } = services;
  const pageImage = openPageImages(services);
  const pageWords = openPageWords(services);
  return new Elysia({ prefix: "/api/documents", tags: ["Documents"] })
    .post(
      "/:id/describe",
      async ({ params, body, request, server }) => {
        server?.timeout(request, 0); // a deck takes minutes, and the response is sent at the end
        const ended = AbortSignal.any([requestEnd(request), services.shutdown]);
        const described = await describeNow(params.id, services, body ?? {}, ended).catch(
          (error: unknown) => {
            throw ended.aborted ? new AppError("cancelled") : error;
          },
        );
        const pages = await listBuildDescriptions(db, params.id);
        return { ...withUrl(described), ...summarizeDeck(described, pages) };
      },
      {
        params: ById,
        parse: optionalJsonBody,
        body: DescribeRequest,
        response: DocumentSummary,
        detail: {
          summary: "Describe a document's pages now and wait for the result",
          description:
            "Existing descriptions are kept unless `force` is true. Questions are answered from the former descriptions until the new ones are embedded. Closing the connection cancels the work; pages described until then are kept.",
        },
      },
    )
    .get(
      "/:id/pages",
      async ({ params, query: { limit, cursor }, request }) => {
        const { id } = await getDocument(db, params.id);
        const range = { after: cursor ?? 0, limit: limit + 1 };
        const found = await listDescriptions(db, id, viewerOf(request), range);
        const items = found.slice(0, limit);
        const last = found.length > limit ? items.at(-1) : undefined;
        return { items, next_cursor: last ? String(last.page_number) : null };
      },
      {
        params: ById,
        query: CountedQuery,
        response: pageOf(PageDescription),
        detail: { summary: "List a document's described pages" },
      },
    )
    .get(
      "/:id/chunks",
      async ({ params, query: { limit, cursor }, request }) => {
        const { id } = await getDocument(db, params.id);
        return listSlideChunks(db, id, viewerOf(request), { limit, after: cursor ?? -1 });
      },
      {
        params: ById,
        query: CountedQuery,
        response: pageOf(Chunk),
        detail: { summary: "List a document's chunks in order" },
      },
    )
    .get(
      "/:id/pages/:page_number/image",
      async ({ params, request }) => {
        const version = await getShownVersion(db, params.id);
        await requireReleased(db, request, version, params.page_number);
        return pageImage(version, params.page_number, request);
      },
      {
        params: ById.extend({ page_number: z.coerce.number().int().min(1) }),
        detail: {
          summary: "Get a page as an image",
          responses: IMAGE_RESPONSES,
        },
      },
    )
    .get(
      "/:id/pages/:page_number/text",
      async ({ params, request }) => {
        const { page_number } = params;
        const version = await getShownVersion(db, params.id);
        await requireReleased(db, request, version, page_number);
        return {
          document_id: params.id,
          page_number,
          words: await pageWords(version, page_number, request.signal),
        };
      },
      {
        params: ById.extend({ page_number: z.coerce.number().int().min(1) }),
        response: PageText,
        detail: {
          summary: "Get the words of a page with their places on its image",
          description:
            "To mark cited words. Texts that only a model or OCR has read are not among them.",
        },
      },
    )
    .get(
      "/:id/versions/:sha256/pages/:page_number/image",
      async ({ params, request }) => {
        const version = await getVersion(db, params.id, params.sha256);
        await requireReleased(db, request, version, params.page_number);
        return pageImage(version, params.page_number, request);
      },
      {
        params: ByVersion.extend({ page_number: z.coerce.number().int().min(1) }),
        detail: {
          summary: "Get a page of one version as an image, also of a replaced version",
          responses: IMAGE_RESPONSES,
        },
      },
    );
};
