import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { type Budgets, toModelName } from "../db/jobs/provider-calls";
import { type Forecast, forecastUsage } from "../db/jobs/usage";
import { readPdf } from "../media/pdf/pdf";
import { type SlideDescriber, TYPICAL_SLIDE } from "../providers/slides/slide-describer";
import type { Transcriber } from "../providers/transcriber";

type ForecastDeps = {
  db: Sql;
  slideDescriber: SlideDescriber | null;
  transcriber: Transcriber | null;
  /** Whether transcribers get terms of the slides, unless the course decides. */
  sendsTerms: boolean;
  budgets: Budgets;
  maxPages: number;
};

/** Computes the expected cost of work before it is requested. */
export type Forecaster = {
  /**
   * The descriptions of a PDF's pages.
   *
   * @throws AppError `course_not_found`, `pdf_…`
   */
  document(course_id: string, path: string, signal: AbortSignal): Promise<Forecast>;
  /**
   * The transcription of a recording.
   *
   * @param duration_ms  null when it is unknown
   * @param lecture_id  the lecture, if it exists: its earlier usage counts for its budget
   * @throws AppError `course_not_found`
   */
  lecture(course_id: string, duration_ms: number | null, lecture_id?: string): Promise<Forecast>;
};

export function openForecaster(deps: ForecastDeps): Forecaster {
  const { db, slideDescriber, transcriber, sendsTerms, budgets, maxPages } = deps;
  return {
    async document(course_id, path, signal) {
      await getCourse(db, course_id);
      await using pdf = await readPdf(path, { maxPages, signal });
      const pages = pdf.page_count;
      if (!slideDescriber || slideDescriber.isFree) return free({ pages });
      const entries = Object.entries(TYPICAL_SLIDE).map(([unit, each]) => [unit, each * pages]);
      const usage: Record<string, number> = Object.fromEntries(entries);
      const work = { ...toModelName(slideDescriber.model), usage };
      return forecastUsage(db, course_id, work, budgets);
    },
    async lecture(course_id, duration_ms, lecture_id) {
      const { transcription_terms } = await getCourse(db, course_id);
      const audio_seconds = (duration_ms ?? 0) / 1_000;
      if (!transcriber || transcriber.isFree) return free({ audio_minutes: audio_seconds / 60 });
      const { service: provider, model } = transcriber;
      // Only ElevenLabs has a price for it.
      const isPrimed = transcription_terms ?? sendsTerms;
      const usage = { audio_seconds, ...(isPrimed && { primed_audio_seconds: audio_seconds }) };
      const work = { asset_id: lecture_id ?? null, provider, model, usage };
      return forecastUsage(db, course_id, work, budgets);
    },
  };
}

const free = (units: { pages?: number; audio_minutes?: number }): Forecast => ({
  audio_minutes: 0,
  pages: 0,
  usd: 0,
  exceeded: null,
  ...units,
});
