/** The JSON of speech services: words or phrases, each service with its own names and units. */
import { joinUnspaced } from "./join-unspaced";
import {
  asRecord,
  firstOf,
  isRecord,
  type Json,
  listOf,
  numberOf,
  scaled,
  seconds,
  spanOf,
  speakerOf,
  textOf,
  unitOf,
  wordOf,
} from "./json-values";
import type { LooseSegment, LooseTranscript } from "./loose-transcript";
import type { MaybeTimedWord } from "./place-words";
import { respelled } from "./respell";

/** Deepgram: `results.channels[].alternatives[0].words`; the speakers of several channels differ. */
export function readDeepgram(document: Json): LooseTranscript | null {
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
export function readAws(document: Json): LooseTranscript | null {
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
export function readGoogle(document: Json): LooseTranscript | null {
  const results = listOf(document.results).filter((one) => "alternatives" in one);
  const wordsOf = (result: Json) => listOf(firstOf(result.alternatives).words);
  // NVIDIA Riva has the same form, with milliseconds as numbers.
  const unit = unitOf(
    results
      .flatMap(wordsOf)
      .flatMap(({ startTime, endTime, word }) =>
        typeof startTime === "number" ? [{ start: startTime, end: endTime, word }] : [],
      ),
  );
  const timeOf = (value: unknown) => (typeof value === "number" ? unit(value) : googleTime(value));
  const lists = results.map((result) =>
    wordsOf(result).map(
      (word): MaybeTimedWord => ({
        text: textOf(word.word),
        start_ms: timeOf(word.startTime ?? word.startOffset),
        end_ms: timeOf(word.endTime ?? word.endOffset),
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
export function readAzureBatch(document: Json): LooseTranscript | null {
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
export function readAzureFast(document: Json): LooseTranscript | null {
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

/**
 * ElevenLabs (seconds, spaces as words of the type `spacing`) and AssemblyAI (milliseconds): `words`.
 * Where spaces are given, two words without a space between them are one.
 */
export function readWords(document: Json): LooseTranscript | null {
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
