import { z } from "zod";
import { placeWords } from "../../text/transcript/place-words";

/** A time in a response: a number, or a text such as `1.5` or `1.5s`. Anything else counts as missing. */
export const Time = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\s*-?\d+(?:\.\d+)?\s*s?$/)
      .transform(Number.parseFloat),
  ])
  .nullish()
  .catch(null);

/** The text of an entry. Null counts as empty, because one entry must not make a paid transcript unreadable. */
export const EntryText = z
  .string()
  .nullable()
  .transform((text) => text ?? "");

/** A word or segment as a provider sends it: times in the provider's own unit, each can be missing. */
export type ProviderSpan = {
  text: string;
  start?: number | null | undefined;
  end?: number | null | undefined;
};

/** Whole or fractional milliseconds from the start of the audio. */
export type SpanTimes = { start_ms: number; end_ms: number };

/** Milliseconds of one unit: second, 10 ms (whisper.cpp), millisecond, sample at 16 kHz, µs, 100 ns, ns. */
const UNITS_MS = [1_000, 10, 1, 1 / 16, 1e-3, 1e-4, 1e-6];
const SECOND_MS = UNITS_MS[0]!;

/** Whisper pads its last window to 30 s, so its last times can lie this far after the end. */
const PADDING_MS = 30_000;

/** Speech in Latin script has 10 to 20 characters a second, Chinese about 5. */
const CHARS_PER_SECOND = 13;
/** Slower than any speech: the times are in a smaller unit than seconds. */
const TOO_SLOW = 0.1;
/** Fewer spans than this are too few to measure the rate of speech. */
const ENOUGH_SPANS = 5;

/**
 * Places each span within the audio.
 *
 * The unit of the times is detected: times in milliseconds, ticks or samples do not fit into the
 * audio as seconds. A span without times lies between its neighbours; spans that lie between the
 * same two times share the time by the length of their texts. A last span without an end lasts to
 * the end of the audio.
 *
 * @returns the times in the order of `spans`; null when no span has a time
 */
export function placeSpans(
  spans: readonly ProviderSpan[],
  duration_ms: number,
): SpanTimes[] | null {
  const unit_ms = detectUnit(spans, duration_ms);
  if (unit_ms === null) return null;
  const toMs = (time: number | null | undefined) =>
    isTime(time) ? Math.min(Math.max(time * unit_ms, 0), duration_ms) : null;
  const known = spans.map(({ text, start, end }) => ({
    text,
    start_ms: toMs(start),
    end_ms: toMs(end),
  }));
  return placeWords(known, { start_ms: 0, end_ms: duration_ms });
}

const isTime = (time: number | null | undefined): time is number =>
  typeof time === "number" && Number.isFinite(time);

/** Milliseconds of the provider's unit; null if no span has a time. */
function detectUnit(spans: readonly ProviderSpan[], duration_ms: number): number | null {
  const latest = spans
    .flatMap(({ start, end }) => [start, end])
    .filter(isTime)
    .reduce((max, time) => Math.max(max, time), Number.NEGATIVE_INFINITY);
  if (latest === Number.NEGATIVE_INFINITY) return null;

  const rate = rateOf(spans);
  const overshoot = (unit_ms: number) => {
    const padding_ms = unit_ms === SECOND_MS ? PADDING_MS : 0;
    return Math.max(0, Math.log((latest * unit_ms) / (duration_ms * 1.02 + padding_ms)));
  };
  const isSpeech = rate === null || rate >= TOO_SLOW;
  if (overshoot(SECOND_MS) === 0 && isSpeech) return SECOND_MS;

  /** 0 for a unit in which the text is spoken at the usual rate and ends within the audio. */
  const error = (unit_ms: number) =>
    overshoot(unit_ms) +
    (rate === null ? 0 : Math.abs(Math.log((rate * SECOND_MS) / unit_ms / CHARS_PER_SECOND)));
  return UNITS_MS.toSorted((a, b) => error(a) - error(b))[0]!;
}

/** Characters per unit of time, without pauses; null when too few spans have a length. */
function rateOf(spans: readonly ProviderSpan[]): number | null {
  let chars = 0;
  let time = 0;
  let count = 0;
  for (const { text, start, end } of spans) {
    if (!isTime(start) || !isTime(end) || end <= start) continue;
    chars += text.trim().length;
    time += end - start;
    count++;
  }
  return count < ENOUGH_SPANS || chars === 0 ? null : chars / time;
}
