/** Reads values of JSON that foreign tools write. */
import { toMs } from "./caption-cues";
import type { MaybeTimedWord } from "./place-words";

/** A JSON object. */
export type Json = Record<string, unknown>;
export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const asRecord = (value: unknown): Json => (isRecord(value) ? value : {});
export const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.map(asRecord) : []);
export const firstOf = (value: unknown): Json =>
  asRecord(Array.isArray(value) ? value[0] : undefined);
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** A number, also written as `"1.5"`, by Google as `"1.5s"`, or as a clock in seconds; null for anything else. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  const digits =
    typeof value === "string" && /^\s*(-?\d{1,12}(?:\.\d{1,12})?)s?\s*$/.exec(value)?.[1];
  if (digits) return Number(digits);
  const isClock =
    typeof value === "string" && /^\d{1,4}(?::\d{1,2}){1,2}(?:[.,]\d{1,9})?$/.test(value);
  return isClock ? toMs(value) / 1_000 : null;
}

export const scaled = (value: unknown, factor: number): number | null => {
  const number = numberOf(value);
  return number === null ? null : number * factor;
};
export const seconds = (value: unknown) => scaled(value, 1_000);

/** Speakers without a name are numbers. */
export function speakerOf(value: unknown): { speaker?: string } {
  if (typeof value === "number") return { speaker: `speaker_${value}` };
  const name = textOf(value).trim();
  return name === "" ? {} : { speaker: /^\d+$/.test(name) ? `speaker_${name}` : name };
}

/** Converts a time to milliseconds; null for other values. */
export type ToMs = (value: unknown) => number | null;

export const wordOf = (word: Json, unit: ToMs): MaybeTimedWord => ({
  text: textOf(word.word ?? word.text).trim(),
  start_ms: unit(word.start),
  end_ms: unit(word.end),
  ...speakerOf(word.speaker),
});

/**
 * Below this, in characters a second, speech is so slow that the times must be milliseconds. Fast
 * speech has 30 characters a second, which is 0.03 where milliseconds are read as seconds; one short
 * word in Whisper's window of 30 s has 0.1.
 */
const SLOWEST_SPEECH = 0.05;

/** Seconds, unless the rate of speech shows that the tool counts in milliseconds. */
export function unitOf(spans: readonly Json[]): ToMs {
  let characters = 0;
  let duration = 0;
  for (const { start, end, text, word } of spans) {
    const [from, to] = [numberOf(start), numberOf(end)];
    if (from === null || to === null) continue;
    if (typeof start === "string" && start.includes(":")) return seconds;
    characters += textOf(text ?? word).trim().length;
    duration += to - from;
  }
  return duration > 0 && characters / duration < SLOWEST_SPEECH ? numberOf : seconds;
}

/** A start and a length, in milliseconds, as two times. */
export const spanOf = (start_ms: number | null, duration_ms: number | null) => ({
  start_ms,
  end_ms: start_ms === null || duration_ms === null ? null : start_ms + duration_ms,
});

/** Whether each of several texts is one word: some tools write an item for each word. */
export const areSingleWords = (texts: readonly { text: string }[]): boolean =>
  texts.length > 1 && texts.every(({ text }) => !/\S\s+\S/.test(text));
