import { toLanguageTag } from "../language-tag";
import { type Cue, readCues, toMs } from "./caption-cues";
import { readSrtText, readVttText } from "./caption-text";
import { placeWords } from "./place-words";
import { withoutCarriedLines } from "./rolling-captions";
import { withoutNotices, withSpeakers } from "./speaker-prefixes";
import { type TextCue, toSegments } from "./text-cue";
import { normalizeSegments, normalizeWords } from "./transcript";
import { type ParsedTranscript, TranscriptWarnings } from "./transcript-warnings";

/**
 * Reads WebVTT: rolling captions, voices, timing tags and the header `Language:` included.
 *
 * @throws AppError `transcript_invalid` when no cue has text, with the line (from 1) of each problem
 */
export function parseVtt(vtt: string): ParsedTranscript {
  return parseCaptions(vtt, "vtt");
}

/**
 * Reads SRT, also with the marks for speakers that `toSrt` writes.
 *
 * @throws AppError `transcript_invalid` when no cue has text, with the line (from 1) of each problem
 */
export function parseSrt(srt: string): ParsedTranscript {
  return parseCaptions(srt, "srt");
}

function parseCaptions(text: string, format: "vtt" | "srt"): ParsedTranscript {
  const warnings = new TranscriptWarnings();
  const { header, cues } = readCues(text, format, warnings);
  const shown = withoutCarriedLines(
    withoutRepeats(cues, warnings).map((cue) => toTextCue(cue, format)),
  );
  const spoken = withSpeakers(withoutNotices(shown));
  const segments = normalizeSegments(spoken.flatMap(toSegments));
  if (segments.length === 0) warnings.refuse(1, "no cue has text");

  const words = normalizeWords(spoken.flatMap(toWords));
  return {
    language: languageOf(header),
    segments,
    ...(words.length > 0 && { words }),
    warnings: warnings.list(),
  };
}

/** Files that were joined hold cues twice. */
function withoutRepeats(cues: readonly Cue[], warnings: TranscriptWarnings): Cue[] {
  return cues.filter((cue, i) => {
    const previous = cues[i - 1];
    const isRepeat =
      previous !== undefined &&
      previous.start_ms === cue.start_ms &&
      previous.end_ms === cue.end_ms &&
      previous.lines.join("\n") === cue.lines.join("\n");
    if (isRepeat) warnings.add(cue.line, "the same cue again: it is left out");
    return !isRepeat;
  });
}

function toTextCue({ lines, start_ms, end_ms }: Cue, format: "vtt" | "srt"): TextCue {
  const read = format === "vtt" ? readVttText : readSrtText;
  return { start_ms, end_ms, lines: read(lines.join("\n"), toMs) };
}

/** YouTube and others write `Language: de` below WEBVTT, or behind it: `WEBVTT Kind: captions; Language: de`. */
function languageOf(header: readonly string[]): string | null {
  const language = /^(?:WEBVTT\b.*[\s;])?language\s*:([^;\n]*)/im.exec(header.join("\n"))?.[1];
  return toLanguageTag(language ?? "");
}

/** The words of a cue with timing tags; a tag outside the cue is ignored. */
function toWords({ lines, ...times }: TextCue) {
  const isInside = (ms: number | null) => ms !== null && ms >= times.start_ms && ms <= times.end_ms;
  const words = lines.flatMap((line) => line.words);
  return placeWords(
    words.map((word) => ({ ...word, start_ms: isInside(word.start_ms) ? word.start_ms : null })),
    times,
  );
}
