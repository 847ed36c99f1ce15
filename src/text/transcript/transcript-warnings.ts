import { AppError } from "../../errors";
import type { Transcript } from "./transcript";

/** A defect of a transcript file or a recording that was used in spite of it. */
export type TranscriptWarning = {
  /** Set for a recording. */
  code?: "recording_end_missing" | "recording_times_uncertain";
  /** Of a VTT or SRT file, from 1. */
  line?: number;
  /** Of a JSON file, such as `segments.3.end`. */
  path?: string;
  message: string;
};

/** A transcript from a file, with the defects of the file that did not stop the reading. */
export type ParsedTranscript = Transcript & { warnings: TranscriptWarning[] };

/** More than these help no reader; the rest is counted. */
const MAX_LISTED = 50;
const MAX_PROBLEMS = 20;

/** Collects the defects of one file. */
export class TranscriptWarnings {
  readonly #listed: TranscriptWarning[] = [];
  #unlisted = 0;

  /** @param place the line from 1, or the path in a JSON document */
  add(place: number | string, message: string): void {
    if (this.#listed.length < MAX_LISTED) this.#listed.push(at(place, message));
    else this.#unlisted++;
  }

  list(): TranscriptWarning[] {
    if (this.#unlisted === 0) return this.#listed;
    return [...this.#listed, { message: `${this.#unlisted} more defects are not listed` }];
  }

  /** @throws AppError `transcript_invalid`, with the defects found so far and this reason */
  refuse(place: number | string, message: string): never {
    const problems = [...this.#listed.slice(0, MAX_PROBLEMS - 1), at(place, message)];
    throw new AppError("transcript_invalid", { problems });
  }
}

const at = (place: number | string, message: string): TranscriptWarning =>
  typeof place === "number" ? { line: place, message } : { path: place, message };
