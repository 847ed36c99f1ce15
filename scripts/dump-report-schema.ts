/** Writes docs/evaluation.schema.json: `bun scripts/dump-report-schema.ts`. A test fails when it is stale. */
import { join } from "node:path";
import { z } from "zod";
import { ReportSchema } from "../src/evaluation/report-schema";

/** The JSON Schema of a report of `lectern eval --json`. */
export const toReportJsonSchema = () =>
  `${JSON.stringify(z.toJSONSchema(ReportSchema, { reused: "inline" }), null, 2)}\n`;

if (import.meta.main) {
  await Bun.write(join(import.meta.dir, "../docs/evaluation.schema.json"), toReportJsonSchema());
}
