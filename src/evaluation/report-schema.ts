import { z } from "zod";
import { SECTIONS } from "./measures";

const Mean = z.object({ mean: z.number(), low: z.number(), high: z.number() });
const Counted = Mean.extend({ n: z.int().describe("Items") });

/** A measure of a report of `lectern eval --json`, also as a baseline. */
export const MeasureSchema = Counted.extend({
  section: z.enum(SECTIONS),
  name: z.string(),
  interval: z.enum(["wilson", "bootstrap"]),
  groups: z.record(z.string(), Counted).describe("By language, origin or kind; empty if one"),
  values: z.record(z.string(), z.number()).describe("By the id of the question or label"),
});

const Compared = z.object({
  section: z.enum(SECTIONS),
  name: z.string(),
  compared: z.int().describe("Items in both reports"),
  before: z.number(),
  after: z.number(),
  difference: Mean.nullable().describe("After minus before; null if it is not measured now"),
  is_regression: z.boolean().describe("--gate fails"),
});

/** What `lectern eval --json` prints about a course. `docs/evaluation.schema.json` is generated from it. */
export const ReportSchema = z.object({
  made_at: z.string().describe("ISO 8601"),
  course: z.string().describe("The folder, or the name of the course"),
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe("The models, chunk sizes and weights that the results depend on"),
  questions: z.int(),
  measures: z.array(MeasureSchema).describe("From 0 to 1, higher is better; 95 % intervals"),
  legs: z
    .object({ text: Mean, vector: Mean, hybrid: Mean, gain: Mean })
    .nullable()
    .describe("The reciprocal rank by mode of search; null for a course of the server"),
  comparison: z.array(Compared).nullable().describe("With the baseline; null without one"),
});
