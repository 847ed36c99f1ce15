import { z } from "zod";
import { Id, Json } from "./http/schemas";

const Place = {
  page_number: z.int().optional().describe("Position of the page in the file, from 1"),
  page_label: z
    .string()
    .optional()
    .describe("Number printed on the page, such as iii, if it differs from the position"),
  start_ms: z.int().optional(),
  end_ms: z.int().optional(),
};

const Confidence = z.number().describe("0 to 1; 1 where the recording states its slide changes");

const Counterparts = {
  slide: z
    .object({
      document_id: Id,
      title: z.string().nullable().describe("Of the document"),
      page_number: Place.page_number.unwrap(),
      page_label: Place.page_label,
      confidence: Confidence,
      url: z.string().describe("Opens the PDF at the page"),
    })
    .optional()
    .describe("Of a moment: the slide that is shown then, if the timeline is confident"),
  moments: z
    .array(
      z.object({
        lecture_id: Id,
        title: z.string().nullable().describe("Of the lecture"),
        start_ms: z.int(),
        end_ms: z.int(),
        confidence: Confidence,
        url: z.string().describe("Opens the recording, or else the transcript, at the start"),
      }),
    )
    .optional()
    .describe("Of a page: the five longest moments at which it is surely shown, in order of time"),
};

export const Citation = z
  .object({
    number: z.int(),
    chunk_id: Id,
    source: z.enum(["lectures", "slides"]),
    asset_id: Id,
    title: z.string().nullable(),
    filename: z.string().optional().describe("Of a document, as uploaded"),
    quote: z.string().describe("Verbatim from the stored text"),
    ...Place,
    sha256: z
      .string()
      .optional()
      .describe("The version that is quoted: the SHA-256 of the PDF or of the transcript"),
    replaced: z
      .literal(true)
      .optional()
      .describe(
        "The asset has another version now; `url` still opens the quoted page of a document",
      ),
    withheld: z
      .literal(true)
      .optional()
      .describe(
        "In old answers: the material is not visible now, so there is no quote and no `url`",
      ),
    url: z
      .string()
      .nullable()
      .describe("Absolute address that opens the page, or the recording at the second"),
    ...Counterparts,
  })
  .meta({ id: "Citation" });

const Explanation = z.object({
  chunk_id: Id,
  score: z.number(),
  similarity: z.number().describe("Vector similarity scaled to 0 to 1, as used in the score"),
  words: z.number().describe("Word match scaled to 0 to 1, as used in the score"),
  distance: z
    .number()
    .nullable()
    .describe("Cosine distance; null if the chunk has no comparable vector"),
  text_score: z
    .number()
    .nullable()
    .describe("Text score before scaling to 0 to 1; null without a match"),
  model: z.string().nullable().describe("The model of the chunk's vector"),
});

export const Passage = z
  .object({
    chunk_id: Id,
    content: z.string(),
    source: z.enum(["lectures", "slides"]),
    score: z.number().describe("0 to 1, higher is better; comparable within one response only"),
    metadata: Json,
    ...Counterparts,
    citation: Citation,
    explain: z
      .array(Explanation)
      .optional()
      .describe("One entry for each chunk of the passage, in order; only with `explain`"),
  })
  .meta({ id: "Passage" });

export const CoursePassage = Passage.extend({
  course_id: Id,
  course_name: z.string(),
}).meta({ id: "CoursePassage" });
