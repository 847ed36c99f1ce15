/** Whisper and its relatives: their JSON has segments with times in seconds, or chunks, or tokens. */
import {
  areSingleWords,
  asRecord,
  type Json,
  listOf,
  numberOf,
  seconds,
  speakerOf,
  textOf,
  unitOf,
  wordOf,
} from "./json-values";
import type { LooseSegment, LooseTranscript } from "./loose-transcript";
import type { MaybeTimedWord } from "./place-words";
import { respelled } from "./respell";

/**
 * A segment with the names that Whisper uses. Podcasts write `startTime` and `body`, tools for YouTube
 * `duration` or `dur`, Deepgram `transcript`, and faster-whisper's named tuples become lists of values.
 */
function toWhisperSegment(value: unknown): Json {
  if (Array.isArray(value)) {
    const [, , start, end, text] = value;
    const words = Array.isArray(value[10]) ? value[10].filter(Array.isArray) : [];
    return { start, end, text, words: words.map(([start, end, word]) => ({ start, end, word })) };
  }
  const segment = asRecord(value);
  const start = segment.start ?? segment.startTime;
  const [from, duration] = [numberOf(start), numberOf(segment.duration ?? segment.dur)];
  const lasts = from !== null && duration !== null ? from + duration : undefined;
  return {
    ...segment,
    start,
    end: segment.end ?? segment.endTime ?? lasts,
    text: segment.text ?? segment.transcript ?? segment.body,
  };
}

/** openai-whisper, faster-whisper, WhisperX, OpenAI's verbose_json: `segments`, times in seconds. */
export function readSegments(document: Json): LooseTranscript | null {
  return readSegmentsAt(document, "segments");
}

/** AssemblyAI, Deepgram and Gladia, without a separate list of words: `utterances`, one for each turn. */
export function readUtterances(document: Json): LooseTranscript | null {
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
export function readChunks(document: Json): LooseTranscript | null {
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
  const isWords = areSingleWords(segments);
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
export function readWhisperCpp(document: Json): LooseTranscript | null {
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
