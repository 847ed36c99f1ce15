import { toMs } from "./caption-cues";
import { joinUnspaced } from "./join-unspaced";
import type { MaybeTimedWord } from "./place-words";

/** A segment as a tool wrote it: times in milliseconds, null where they are missing. */
export type LooseSegment = {
  /** Where it is in the document, such as `segments.3`. */
  path: string;
  start_ms: number | null;
  end_ms: number | null;
  text: string;
  speaker?: string;
  words: MaybeTimedWord[];
};

/** The content of another tool's transcript. `segments` is empty if the tool writes words only. */
export type LooseTranscript = {
  language: unknown;
  segments: LooseSegment[];
  words: MaybeTimedWord[];
};

/**
 * Reads the JSON of transcription tools by its structure, because none of them names its format.
 *
 * @returns null for a document of none of these forms
 */
export function readTranscriptForm(document: unknown): LooseTranscript | null {
  const value = Array.isArray(document) ? fromList(document) : document;
  if (!isRecord(value) || isOwnForm(value)) return null;
  for (const read of FORMS) {
    const found = read(value);
    if (found && (found.segments.length > 0 || found.words.length > 0)) return found;
  }
  return null;
}

/** A list of segments; faster-whisper returns it together with an object that has the language. */
function fromList(list: unknown[]): Json {
  const [segments, info] = list;
  return list.length === 2 && Array.isArray(segments) && isRecord(info)
    ? { segments, info }
    : { segments: list };
}

/** `start_ms` and `end_ms` are our own names. */
const isOwnForm = ({ segments }: Json) => listOf(segments).some((one) => "start_ms" in one);

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const asRecord = (value: unknown): Json => (isRecord(value) ? value : {});
const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.map(asRecord) : []);
const firstOf = (value: unknown): Json => asRecord(Array.isArray(value) ? value[0] : undefined);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** A number, also written as `"1.5"`, by Google as `"1.5s"`, or as a clock in seconds; null for anything else. */
function numberOf(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  const digits =
    typeof value === "string" && /^\s*(-?\d{1,12}(?:\.\d{1,12})?)s?\s*$/.exec(value)?.[1];
  if (digits) return Number(digits);
  const isClock =
    typeof value === "string" && /^\d{1,4}(?::\d{1,2}){1,2}(?:[.,]\d{1,9})?$/.test(value);
  return isClock ? toMs(value) / 1_000 : null;
}

const scaled = (value: unknown, factor: number): number | null => {
  const number = numberOf(value);
  return number === null ? null : number * factor;
};
const seconds = (value: unknown) => scaled(value, 1_000);

/** Speakers without a name are numbers. */
function speakerOf(value: unknown): { speaker?: string } {
  if (typeof value === "number") return { speaker: `speaker_${value}` };
  const name = textOf(value).trim();
  return name === "" ? {} : { speaker: /^\d+$/.test(name) ? `speaker_${name}` : name };
}

type ToMs = (value: unknown) => number | null;

const wordOf = (word: Json, unit: ToMs): MaybeTimedWord => ({
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
function unitOf(spans: readonly Json[]): ToMs {
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

/**
 * A segment with the names that Whisper uses. Podcasts write `startTime` and `body`, tools for YouTube
 * `duration`, Deepgram `transcript`, and faster-whisper's named tuples become lists of values.
 */
function toWhisperSegment(value: unknown): Json {
  if (Array.isArray(value)) {
    const [, , start, end, text] = value;
    const words = Array.isArray(value[10]) ? value[10].filter(Array.isArray) : [];
    return { start, end, text, words: words.map(([start, end, word]) => ({ start, end, word })) };
  }
  const segment = asRecord(value);
  const start = segment.start ?? segment.startTime;
  const [from, duration] = [numberOf(start), numberOf(segment.duration)];
  const lasts = from !== null && duration !== null ? from + duration : undefined;
  return {
    ...segment,
    start,
    end: segment.end ?? segment.endTime ?? lasts,
    text: segment.text ?? segment.transcript ?? segment.body,
  };
}

/** openai-whisper, faster-whisper, WhisperX, OpenAI's verbose_json: `segments`, times in seconds. */
function readSegments(document: Json): LooseTranscript | null {
  return readSegmentsAt(document, "segments");
}

/** AssemblyAI, Deepgram and Gladia, without a separate list of words: `utterances`, one for each turn. */
function readUtterances(document: Json): LooseTranscript | null {
  const holders = [document, document.results, asRecord(document.result).transcription];
  const holder = holders.map(asRecord).find(({ utterances }) => Array.isArray(utterances));
  return holder ? readSegmentsAt(holder, "utterances") : null;
}

function readSegmentsAt(document: Json, name: string): LooseTranscript | null {
  const value = document[name];
  const list = Array.isArray(value) ? value.map(toWhisperSegment) : [];
  if (!list.some(({ start, end }) => start !== undefined || end !== undefined)) return null;
  const unit = unitOf(list);
  const segments = list.map((segment, i): LooseSegment => {
    const words = listOf(segment.words).map((word) => wordOf(word, unit));
    return {
      path: `${name}.${i}`,
      start_ms: unit(segment.start),
      end_ms: unit(segment.end),
      text: textOf(segment.text),
      ...speakerOf(segment.speaker ?? segment.speaker_id ?? segment.speaker_label),
      words,
    };
  });
  const hasWords = segments.some(({ words }) => words.length > 0);
  const apart = hasWords ? [] : listOf(document.words ?? document.word_segments);
  return {
    language: document.language ?? document.language_code ?? asRecord(document.info).language,
    segments,
    words: apart.map((word) => wordOf(word, unit)),
  };
}

/** Hugging Face's pipelines: `chunks` with `timestamp: [start, end]`, or `speakers` of that form. */
function readChunks(document: Json): LooseTranscript | null {
  const name = listOf(document.speakers).length > 0 ? "speakers" : "chunks";
  const list = listOf(document[name]).filter(({ timestamp }) => Array.isArray(timestamp));
  const segments = list.map((chunk, i): LooseSegment => {
    const [start, end] = chunk.timestamp as unknown[];
    return {
      path: `${name}.${i}`,
      start_ms: seconds(start),
      end_ms: seconds(end),
      text: textOf(chunk.text),
      ...speakerOf(chunk.speaker),
      words: [],
    };
  });
  // With `return_timestamps="word"` every chunk is one word.
  const isWords = segments.length > 1 && segments.every(({ text }) => !/\S\s+\S/.test(text));
  const words = segments.map(({ path: _, words: __, ...word }) => ({
    ...word,
    text: word.text.trim(),
  }));
  return {
    language: document.language,
    segments: isWords ? [] : segments,
    words: isWords ? words : [],
  };
}

/** whisper.cpp: `transcription` with `offsets` in milliseconds, and in the full form `tokens`. */
function readWhisperCpp(document: Json): LooseTranscript | null {
  const segments = listOf(document.transcription).map((part, i): LooseSegment => {
    const { from, to } = asRecord(part.offsets);
    const clock = asRecord(part.timestamps);
    const words = wordsOfTokens(listOf(part.tokens));
    const isDamaged = words.some((word) => word.text.includes("\ufffd"));
    return {
      path: `transcription.${i}`,
      start_ms: numberOf(from) ?? seconds(clock.from),
      end_ms: numberOf(to) ?? seconds(clock.to),
      text: textOf(part.text),
      ...speakerOf(part.speaker),
      // A token can end inside a character; the segment's text has the whole one.
      words: isDamaged ? (respelled(words, textOf(part.text)) ?? []) : words,
    };
  });
  return { language: asRecord(document.result).language, segments, words: [] };
}

/** The words as a text spells them, with its punctuation; null where the text has other words. */
function respelled(words: readonly MaybeTimedWord[], text: string): MaybeTimedWord[] | null {
  const spelled = text.trim().split(/\s+/);
  const isSame =
    spelled.length === words.length &&
    words.every(
      (word, i) => word.text.includes("\ufffd") || lettersOf(word.text) === lettersOf(spelled[i]!),
    );
  return isSame ? words.map((word, i) => ({ ...word, text: spelled[i]! })) : null;
}

const lettersOf = (text: string) => text.replace(/[^\p{L}\p{N}\p{M}]/gu, "").toLowerCase();

/** Tokens are parts of words; one that begins with a blank begins a word. */
function wordsOfTokens(tokens: readonly Json[]): MaybeTimedWord[] {
  const words: MaybeTimedWord[] = [];
  for (const token of tokens) {
    const text = textOf(token.text);
    if (/^\[_\w+\]$/.test(text) || text.trim() === "") continue;
    const { from, to } = asRecord(token.offsets);
    const last = words.at(-1);
    if (!last || text.startsWith(" ")) {
      words.push({ text: text.trim(), start_ms: numberOf(from), end_ms: numberOf(to) });
    } else {
      last.text += text;
      last.end_ms = numberOf(to) ?? last.end_ms;
    }
  }
  return words;
}

/** Deepgram: `results.channels[].alternatives[0].words`; the speakers of several channels differ. */
function readDeepgram(document: Json): LooseTranscript | null {
  const channels = listOf(asRecord(document.results).channels);
  const words = channels.flatMap((channel, i) =>
    listOf(firstOf(channel.alternatives).words).map((word) => ({
      ...wordOf({ ...word, word: word.punctuated_word ?? word.word }, seconds),
      ...(channels.length > 1 && word.speaker === undefined && { speaker: `channel_${i}` }),
    })),
  );
  return { language: channels[0]?.detected_language, segments: [], words };
}

/** AWS Transcribe: `results.items`, and Speechmatics: `results`. Punctuation is an item of its own. */
function readAws(document: Json): LooseTranscript | null {
  const results = asRecord(document.results);
  const speakers = new Map(
    listOf(asRecord(results.speaker_labels).segments).flatMap((segment) =>
      listOf(segment.items).map((item) => [
        item.start_time,
        item.speaker_label ?? segment.speaker_label,
      ]),
    ),
  );
  const words: MaybeTimedWord[] = [];
  for (const item of listOf(results.items ?? document.results)) {
    const { content, speaker } = firstOf(item.alternatives);
    if (content === undefined) continue;
    const text = textOf(content);
    const last = words.at(-1);
    if (item.type === "punctuation" && last) last.text += text;
    else {
      words.push({
        text,
        start_ms: seconds(item.start_time),
        end_ms: seconds(item.end_time),
        ...speakerOf(item.speaker_label ?? speaker ?? speakers.get(item.start_time)),
      });
    }
  }
  const { transcription_config } = asRecord(document.metadata);
  const language =
    results.language_code ?? document.language_code ?? asRecord(transcription_config).language;
  return { language, segments: [], words };
}

/** Google Speech-to-Text, versions 1 and 2: `results[].alternatives[0].words`. */
function readGoogle(document: Json): LooseTranscript | null {
  const results = listOf(document.results).filter((one) => "alternatives" in one);
  const lists = results.map((result) =>
    listOf(firstOf(result.alternatives).words).map(
      (word): MaybeTimedWord => ({
        text: textOf(word.word),
        start_ms: googleTime(word.startTime ?? word.startOffset),
        end_ms: googleTime(word.endTime ?? word.endOffset),
        ...speakerOf(word.speakerLabel ?? (word.speakerTag || undefined)),
      }),
    ),
  );
  // With speakers, the last result repeats all words, now with their speakers.
  const total = lists.reduce((sum, list) => sum + list.length, 0);
  const last = lists.at(-1) ?? [];
  const isRepeated =
    lists.length > 1 && last.length * 2 === total && last.some((one) => one.speaker);
  const words = isRepeated ? last : lists.flat();
  const segments = results.map(
    (result, i): LooseSegment => ({
      path: `results.${i}`,
      start_ms:
        i === 0 ? 0 : googleTime(results[i - 1]!.resultEndTime ?? results[i - 1]!.resultEndOffset),
      end_ms: googleTime(result.resultEndTime ?? result.resultEndOffset),
      text: textOf(firstOf(result.alternatives).transcript),
      words: [],
    }),
  );
  return { language: results[0]?.languageCode, segments: words.length > 0 ? [] : segments, words };
}

/** `"1.5s"`, or `{seconds, nanos}`, where a zero is left out. */
function googleTime(value: unknown): number | null {
  if (!isRecord(value)) return seconds(value);
  return (numberOf(value.seconds) ?? 0) * 1_000 + (numberOf(value.nanos) ?? 0) / 1_000_000;
}

/** Azure batch transcription: `recognizedPhrases`, times in ticks of 100 ns. */
function readAzureBatch(document: Json): LooseTranscript | null {
  const ticks = (value: unknown) => scaled(value, 1 / 10_000);
  const segments = listOf(document.recognizedPhrases).map((phrase, i): LooseSegment => {
    const best = firstOf(phrase.nBest);
    const words = listOf(best.displayWords ?? best.words).map((word) => ({
      text: textOf(word.displayText ?? word.word),
      ...spanOf(ticks(word.offsetInTicks), ticks(word.durationInTicks)),
    }));
    return {
      path: `recognizedPhrases.${i}`,
      ...spanOf(ticks(phrase.offsetInTicks), ticks(phrase.durationInTicks)),
      text: textOf(best.display ?? best.lexical),
      ...speakerOf(phrase.speaker),
      words,
    };
  });
  return {
    language: document.locale ?? listOf(document.recognizedPhrases)[0]?.locale,
    segments,
    words: [],
  };
}

/** Azure fast transcription: `phrases`, times in milliseconds. */
function readAzureFast(document: Json): LooseTranscript | null {
  const times = (part: Json) =>
    spanOf(numberOf(part.offsetMilliseconds), numberOf(part.durationMilliseconds));
  const phrases = listOf(document.phrases).filter((phrase) => "offsetMilliseconds" in phrase);
  const segments = phrases.map(
    (phrase, i): LooseSegment => ({
      path: `phrases.${i}`,
      ...times(phrase),
      text: textOf(phrase.text),
      ...speakerOf(phrase.speaker),
      words: listOf(phrase.words).map((word) => ({ text: textOf(word.text), ...times(word) })),
    }),
  );
  return { language: phrases[0]?.locale, segments, words: [] };
}

const spanOf = (start_ms: number | null, duration_ms: number | null) => ({
  start_ms,
  end_ms: start_ms === null || duration_ms === null ? null : start_ms + duration_ms,
});

/** YouTube's json3: `events` with parts in `segs`, times in milliseconds. */
function readYouTube(document: Json): LooseTranscript | null {
  const events = listOf(document.events).filter((event) => Array.isArray(event.segs));
  const segments = events.map((event, i): LooseSegment => {
    const span = spanOf(numberOf(event.tStartMs), numberOf(event.dDurationMs));
    const parts = listOf(event.segs);
    const isTimed = parts.some((part) => "tOffsetMs" in part);
    const words = parts.map(
      (part): MaybeTimedWord => ({
        text: textOf(part.utf8).trim(),
        start_ms: span.start_ms === null ? null : span.start_ms + (numberOf(part.tOffsetMs) ?? 0),
        end_ms: null,
      }),
    );
    return {
      path: `events.${i}`,
      ...span,
      text: parts.map((part) => textOf(part.utf8)).join(""),
      words: isTimed ? words.filter(({ text }) => text !== "") : [],
    };
  });
  return { language: document.language, segments, words: [] };
}

/**
 * ElevenLabs (seconds, spaces as words of the type `spacing`) and AssemblyAI (milliseconds): `words`.
 * Where spaces are given, two words without a space between them are one.
 */
function readWords(document: Json): LooseTranscript | null {
  const parts = listOf(document.transcripts);
  const entries = [
    // Vosk names the list `result`.
    ...listOf(document.words ?? document.result),
    // One transcript for each channel of the audio.
    ...parts.flatMap((part, i) =>
      listOf(part.words).map((word): Json => ({ speaker: `channel_${i}`, ...word })),
    ),
  ];
  const unit = unitOf(entries.filter(({ type }) => type !== "spacing"));
  const words = joinUnspaced(
    entries.map((entry) =>
      entry.type === "spacing"
        ? null
        : {
            ...wordOf(entry, unit),
            ...speakerOf(entry.speaker_id ?? entry.speaker),
            ...(entry.type === "audio_event" && { kind: "audio_event" as const }),
          },
    ),
  );
  return {
    language: document.language_code ?? parts[0]?.language_code ?? document.language,
    segments: [],
    // OpenAI lists words without their punctuation.
    words: respelled(words, textOf(document.text)) ?? words,
  };
}

/** The order matters: a form with more structure is tried before a form that it contains. */
const FORMS: readonly ((document: Json) => LooseTranscript | null)[] = [
  readSegments,
  readWhisperCpp,
  readDeepgram,
  readAws,
  readGoogle,
  readAzureBatch,
  readAzureFast,
  readYouTube,
  readChunks,
  readWords,
  readUtterances,
];
