import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Sql } from "../db/client";
import { AppError } from "../errors";
import { detectLanguage } from "../text/language";
import { align, type PageSpan } from "./align";
import { pageStems, speechTerms } from "./align-lecture";

/** 500 hours, as for transcripts. */
const Milliseconds = z.number().nonnegative().max(1_800_000_000);
const LabelledLecture = z.object({
  pages: z.array(z.object({ page_number: z.int().positive(), text: z.string() })).min(1),
  segments: z
    .array(z.object({ start_ms: Milliseconds, end_ms: Milliseconds, text: z.string() }))
    .min(1),
  /** One label for each sentence, in time order. */
  labels: z
    .array(z.object({ end_ms: Milliseconds, page: z.int() }))
    .refine((labels) => labels.some(({ page }) => page > 0), "no label names a page"),
});

/** A lecture with its slides, and for each sentence the page that people saw; -1 is no page. */
export type LabelledLecture = z.infer<typeof LabelledLecture>;

/** Shares of the labelled sentences, from 0 to 1. */
type Accuracy = { exact: number; within_1: number };

export type AlignmentReport = Accuracy & { files: (Accuracy & { file: string })[] };

/**
 * Reads every `*.json` file of a folder as a labelled lecture.
 *
 * @throws AppError `evaluation_set_invalid`, with the file and the problem
 */
export async function readLabelledLectures(
  folder: string,
): Promise<{ file: string; lecture: LabelledLecture }[]> {
  const invalid = (path: string, problem: string) =>
    new AppError("evaluation_set_invalid", { path, problem });
  const names = await readdir(folder).catch((error) => {
    throw invalid(folder, `the folder cannot be read (${error.code ?? error.message})`);
  });
  const files = names.filter((name) => name.endsWith(".json")).sort();
  if (files.length === 0) throw invalid(folder, "the folder contains no JSON file");
  return Promise.all(
    files.map(async (file) => {
      const path = join(folder, file);
      try {
        return { file, lecture: LabelledLecture.parse(await Bun.file(path).json()) };
      } catch (error) {
        throw invalid(path, error instanceof z.ZodError ? z.prettifyError(error) : String(error));
      }
    }),
  );
}

/**
 * Aligns each lecture and compares it with its labels.
 *
 * A sentence counts at the middle between the label before and its own; sentences without a page do
 * not count. A lecture without spans, such as one without length, has no right sentence. The totals are means over the files.
 *
 * @throws the signal's reason, between two lectures
 */
export async function evaluateAlignment(
  sql: Sql,
  lectures: readonly { file: string; lecture: LabelledLecture }[],
  signal: AbortSignal,
): Promise<AlignmentReport> {
  const files: AlignmentReport["files"] = [];
  for (const { file, lecture } of lectures) {
    signal.throwIfAborted();
    files.push({ file, ...measure(await alignLabelled(sql, lecture), lecture.labels) });
  }
  const mean = (of: (one: Accuracy) => number) =>
    files.reduce((sum, one) => sum + of(one), 0) / files.length;
  return { files, exact: mean(({ exact }) => exact), within_1: mean(({ within_1 }) => within_1) };
}

async function alignLabelled(sql: Sql, lecture: LabelledLecture): Promise<PageSpan[]> {
  const pages = lecture.pages.toSorted((a, b) => a.page_number - b.page_number);
  const { segments } = lecture;
  const texts = [...pages, ...segments].map(({ text }) => text);
  const { text_config } = detectLanguage(texts.join("\n"));
  const spans = align({
    pages: await pageStems(sql, text_config, pages),
    speech: await speechTerms(sql, text_config, segments),
    segment_starts_ms: segments.map(({ start_ms }) => start_ms),
    duration_ms: [...segments, ...lecture.labels].reduce(
      (latest, { end_ms }) => Math.max(latest, end_ms),
      0,
    ),
  });
  return spans.map((span) => ({ ...span, page_number: pages[span.page_number - 1]!.page_number }));
}

function measure(spans: readonly PageSpan[], labels: LabelledLecture["labels"]): Accuracy {
  const distances = labels.flatMap(({ end_ms, page }, i) => {
    if (page < 0) return [];
    const middle = ((labels[i - 1]?.end_ms ?? 0) + end_ms) / 2;
    const shown =
      spans.find((span) => span.start_ms <= middle && middle < span.end_ms) ?? spans.at(-1);
    return [shown ? Math.abs(shown.page_number - page) : Number.POSITIVE_INFINITY];
  });
  const share = (most: number) =>
    distances.filter((distance) => distance <= most).length / distances.length;
  return { exact: share(0), within_1: share(1) };
}
