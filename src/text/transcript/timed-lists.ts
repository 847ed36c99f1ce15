/** Finds the transcript in JSON of a tool that we do not know: lists of texts that have times. */
import { toMs } from "./caption-cues";
import { joinUnspaced } from "./join-unspaced";
import {
  areSingleWords,
  asRecord,
  isRecord,
  type Json,
  numberOf,
  seconds,
  speakerOf,
  type ToMs,
  textOf,
  unitOf,
} from "./json-values";
import type { LooseSegment, LooseTranscript } from "./loose-transcript";
import type { MaybeTimedWord } from "./place-words";

/** Names of fields, in lower case and without `_`; `…ms` and `…seconds` at their end state the unit. */
const STARTS =
  /^(?:start|begin|from|ts|starttime|begintime|startts|startoffset|starttimecode|offset|time|timestamp|timecode|(?:timecode|tc)?in|beginn|anfang|startzeit|von|inicio)$/;
const ENDS =
  /^(?:end|to|endts|endtime|stop|stoptime|endoffset|endtimecode|(?:timecode|tc)?out|ende|endzeit|bis|fin)$/;
const DURATIONS = /^(?:duration|dur|length)$/;
/** Other lists have such names too: of pages, links, prices, or places in a text. */
const AMBIGUOUS = /^(?:from|to|offset|in|out|von|bis)$/;
const TEXTS = [
  "text",
  "transcript",
  "sentence",
  "utterance",
  "caption",
  "body",
  "content",
  "lines",
  "value",
  "word",
  "token",
  "texte",
  "texto",
];
/** A name is better than an id. */
const SPEAKERS = [
  /^(?:speakername|speakerdisplayname|username|speaker|users|sprecher|sprecherin|locuteur|hablante)$/,
  /^(?:name|speakerlabel|speakerid|speakertag)$/,
];
const LANGUAGES =
  /^(?:language|languagecode|lang|locale|detectedlanguage|spokenlanguagetag|languagetag)$/;
const UNIT = /(?:in)?(?:(ms|msec|millis|milliseconds)|(?:s|sec|secs|seconds))$/;
/** Lists in which each item is another reading of the same speech; the first is the best. */
const ALTERNATIVES = /^(?:alternatives|nbest)$/;

const MAX_DEPTH = 12;
/** A later "time" is a date: ten days. */
const LATEST_MS = 10 * 86_400_000;

/** Marks and blanks have no times where each is an item of its own. */
const HAS_LETTER = /[\p{L}\p{N}]/u;

/** An item of a list, with what its ancestors state about it. */
type Item = { path: string; value: Json; speaker: unknown };
type FoundList = { depth: number; items: Item[]; timed: number; untimed: number };

/**
 * The lists at the least depth whose items have a text and a time. Lists at the same place in
 * neighbouring objects, such as the words of each speaker's turn, are one list.
 *
 * @returns null where no list has texts with times
 */
export function readTimedLists(document: Json): LooseTranscript | null {
  const lists: Lists = { found: new Map(), patterns: new Map() };
  collect(document, { path: "", pattern: 0, depth: 0, speaker: undefined }, lists);
  const found = [...lists.found.values()]
    .filter(({ timed, untimed }) => timed > 0 && timed >= untimed)
    .sort((a, b) => a.depth - b.depth || b.timed - a.timed);
  for (const { items } of found) {
    const read = readItems(items);
    if (read) return { language: languageOf(document, items), ...read };
  }
  return null;
}

type JsonPlace = { path: string; pattern: number; depth: number; speaker: unknown };

/**
 * The lists of a document by the number of their pattern, which is the path without positions. Patterns are numbers,
 * because a long name would be copied for each list below it.
 */
type Lists = { found: Map<number, FoundList>; patterns: Map<string, number> };

function patternBelow(pattern: number, name: string, { patterns }: Lists): number {
  const key = `${pattern} ${name}`;
  const number = patterns.get(key) ?? patterns.size + 1;
  patterns.set(key, number);
  return number;
}

function collect(value: unknown, place: JsonPlace, lists: Lists): void {
  if (place.depth > MAX_DEPTH) return;
  const items = itemsOf(value);
  if (items) {
    const pattern = patternBelow(place.pattern, "[]", lists);
    const list = lists.found.get(pattern) ?? {
      depth: place.depth,
      items: [],
      timed: 0,
      untimed: 0,
    };
    items.forEach((item, i) => {
      if (!isRecord(item)) return;
      const path = place.path === "" ? String(i) : `${place.path}.${i}`;
      const speaker = speakerIn(item) ?? place.speaker;
      list.items.push({ path, value: item, speaker });
      const text = textIn(item);
      if (text !== null && hasTime(item)) list.timed++;
      else if (text === null || HAS_LETTER.test(text)) list.untimed++;
      collectFields(item, { path, pattern, depth: place.depth + 1, speaker }, lists);
    });
    lists.found.set(pattern, list);
  } else if (isRecord(value)) collectFields(value, place, lists);
}

function collectFields(value: Json, place: JsonPlace, lists: Lists): void {
  for (const [name, field] of Object.entries(value)) {
    if (typeof field !== "object" || field === null) continue;
    const shown = Array.isArray(field) && ALTERNATIVES.test(plainName(name)) ? field[0] : field;
    collect(
      shown,
      {
        path: place.path === "" ? name : `${place.path}.${name}`,
        pattern: patternBelow(place.pattern, `.${name}`, lists),
        depth: place.depth + 1,
        speaker: place.speaker,
      },
      lists,
    );
  }
}

/** The items of a list, also of an object whose names are 0, 1, 2 …; null for other values. */
function itemsOf(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value;
  if (!isRecord(value) || !("0" in value)) return null;
  return Object.keys(value).every((name, i) => name === String(i)) ? Object.values(value) : null;
}

const plainName = (name: string) => name.toLowerCase().replace(/[^a-z]/g, "");

/** A time, and the unit that the name of its field states. */
type Time = { value: unknown; isMs: boolean | null; isAmbiguous?: boolean };

function timeIn(record: Json, names: RegExp): Time | undefined {
  for (const [name, value] of Object.entries(record)) {
    if (toSeconds(value) === null) continue;
    const plain = plainName(name);
    if (names.test(plain)) return { value, isMs: null, isAmbiguous: AMBIGUOUS.test(plain) };
    const unit = UNIT.exec(plain);
    if (unit && names.test(plain.slice(0, unit.index))) return { value, isMs: !!unit[1] };
  }
  return undefined;
}

type Times = { start?: Time | undefined; end?: Time | undefined; duration?: Time | undefined };

/** The times of an item, or of the objects in it. */
function timesIn(item: Json): Times {
  const start = timeIn(item, STARTS);
  if (start) return { start, end: timeIn(item, ENDS), duration: timeIn(item, DURATIONS) };
  for (const field of Object.values(item)) {
    if (typeof field !== "object" || field === null) continue;
    const parts = (Array.isArray(field) ? field : [field]).map(asRecord);
    const from = parts.length > 0 ? timeIn(parts[0]!, STARTS) : undefined;
    if (from) {
      return {
        start: from,
        end: timeIn(parts.at(-1)!, ENDS),
        duration: parts.length === 1 ? timeIn(parts[0]!, DURATIONS) : undefined,
      };
    }
    // `timestamp: [0.5, 1.2]`
    if (Array.isArray(field) && field.length === 2 && typeof field[0] === "number") {
      return { start: { value: field[0], isMs: null }, end: { value: field[1], isMs: null } };
    }
  }
  return {};
}

function hasTime(item: Json): boolean {
  const { start } = timesIn(item);
  const value = start && toSeconds(start.value);
  return typeof value === "number" && Math.abs(value) * (start!.isMs ? 1 : 1_000) < LATEST_MS * 100;
}

/** The text of an item, also of a list of texts or of parts with texts; null where it has none. */
function textIn(item: Json): string | null {
  const names = Object.keys(item);
  for (const wanted of TEXTS) {
    const name = names.find((one) => plainName(one) === wanted);
    const value = name === undefined ? undefined : item[name];
    if (typeof value === "string") return value;
    if (!Array.isArray(value) || value.length === 0) continue;
    const parts = value.map((part) =>
      typeof part === "string" ? part : textOf(asRecord(part).text),
    );
    if (parts.some((part) => part !== "")) return parts.join("\n");
  }
  return null;
}

function speakerIn(item: Json): unknown {
  const fields = Object.entries(item);
  for (const names of SPEAKERS) {
    for (const [name, value] of fields) {
      if (!names.test(plainName(name))) continue;
      if (typeof value === "number" || (typeof value === "string" && value !== "")) return value;
      const inner = asRecord(Array.isArray(value) ? value[0] : value);
      const named = inner.name ?? inner.username ?? inner.id;
      if (named !== undefined) return named;
    }
  }
  return undefined;
}

const FRAMES = /^\d{1,3}[:;]\d{2}[:;]\d{2}[:;]\d{2}$/;

/** Seconds of `1.5`, `"1.5s"`, clocks, and durations such as `PT1M2.5S`. */
function toSeconds(value: unknown): number | null {
  const duration =
    typeof value === "string" &&
    /^PT(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6}(?:\.\d{1,9})?)S)?$/.exec(value);
  if (!duration)
    return typeof value === "string" && FRAMES.test(value) ? toMs(value) / 1_000 : numberOf(value);
  const [, hours = 0, minutes = 0, rest = 0] = duration;
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest);
}

function readItems(items: readonly Item[]): Pick<LooseTranscript, "segments" | "words"> | null {
  const read = items.map(({ path, value, speaker }) => ({
    path,
    text: textIn(value),
    speaker,
    ...timesIn(value),
  }));
  const unit = unitOf(read.flatMap(toSpan));
  const toMs = (time: Time | undefined) => {
    const value = time && toSeconds(time.value);
    if (value === null || value === undefined) return null;
    return time!.isMs === null ? unitFor(time!, unit)(value) : value * (time!.isMs ? 1 : 1_000);
  };
  const parts = read.flatMap(({ path, text, speaker, start, end, duration }) => {
    if (text === null) return [];
    const [start_ms, length] = [toMs(start), toMs(duration)];
    const lasts = start_ms !== null && length !== null ? start_ms + length : null;
    return [{ path, text, start_ms, end_ms: toMs(end) ?? lasts, ...speakerOf(speaker) }];
  });
  if (parts.some(({ start_ms }) => start_ms !== null && start_ms > LATEST_MS)) return null;
  if (arePositions(read)) return null;
  if (areSingleWords(parts)) return { segments: [], words: wordsOf(parts) };
  return { segments: parts.map((part): LooseSegment => ({ ...part, words: [] })), words: [] };
}

/** Characters a second, with pauses. */
const PLAUSIBLE_SPEECH = { min: 4, max: 60 };

/**
 * Whether numbers are not times: each span is as long as its text has characters, or the names are ambiguous and
 * whole numbers fit no speech.
 */
function arePositions(read: readonly (Times & { text: string | null })[]): boolean {
  const spans = read.flatMap(({ text, start, end, duration }) => {
    const [from, to, length] = [start, end, duration].map((time) => toSeconds(time?.value));
    const lasts = length ?? (to === null ? null : to! - from!);
    return text === null || from === null || lasts === null || start!.isMs !== null
      ? []
      : [{ from: from!, lasts, characters: text.length, start: start! }];
  });
  if (spans.length === 0) return false;
  if (spans.length > 1 && spans.every(({ lasts, characters }) => lasts === characters)) return true;
  const isNumber = ({ from, lasts, start }: (typeof spans)[number]) =>
    start.isAmbiguous && typeof start.value === "number" && Number.isInteger(from + lasts);
  if (!spans.every(isNumber)) return false;
  const isInOrder = spans.every(
    ({ from, lasts }, i) => lasts >= 0 && from >= (spans[i - 1]?.from ?? 0),
  );
  const characters = spans.reduce((sum, span) => sum + span.characters, 0);
  const rate = characters / spans.reduce((sum, { lasts }) => sum + lasts, 0);
  const isSpeech = [rate, rate * 1_000].some(
    (one) => one >= PLAUSIBLE_SPEECH.min && one <= PLAUSIBLE_SPEECH.max,
  );
  return !isInOrder || !isSpeech;
}

/** A clock is in seconds, also beside items with other numbers. */
const unitFor = ({ value }: Time, unit: ToMs): ToMs =>
  typeof value === "string" && /[:PTs]/.test(value) ? seconds : unit;

/** The span of a text whose unit no name states. */
function toSpan({ text, start, end, duration }: Times & { text: string | null }): Json[] {
  const from = start?.isMs === null ? start.value : undefined;
  const length = duration?.isMs === null ? numberOf(duration.value) : null;
  const to =
    end?.isMs === null ? end.value : length === null ? undefined : numberOf(from)! + length;
  return from === undefined || to === undefined ? [] : [{ start: from, end: to, text: text ?? "" }];
}

/** Words, or the tokens of words: a blank before a token or between two begins a word. */
function wordsOf(parts: readonly (MaybeTimedWord & { path: string })[]): MaybeTimedWord[] {
  const hasBlanks = parts.some(({ text }) => text.trim() === "");
  const beginWithBlank = parts.some(({ text }) => /^\s+\S/.test(text));
  const entries: (MaybeTimedWord | null)[] = [];
  for (const { path: _, ...part } of parts) {
    const word = { ...part, text: part.text.trim() };
    const last = entries.at(-1);
    const isMark = part.start_ms === null && !HAS_LETTER.test(word.text);
    if (word.text === "") entries.push(null);
    else if (isMark && last) last.text += word.text;
    else {
      if (!hasBlanks && (!beginWithBlank || /^\s/.test(part.text))) entries.push(null);
      entries.push(word);
    }
  }
  return joinUnspaced(entries);
}

function languageOf(document: Json, [first]: readonly Item[]): unknown {
  const holders = [document, ...Object.values(document).filter(isRecord), first?.value ?? {}];
  for (const holder of holders) {
    const found = Object.entries(holder).find(
      ([name, value]) => LANGUAGES.test(plainName(name)) && typeof value === "string",
    );
    if (found) return found[1];
  }
  return null;
}
