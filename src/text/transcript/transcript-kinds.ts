/** The extensions of transcript files. The content decides the format, not the name. */
export const TRANSCRIPT_EXTENSIONS = [
  "vtt",
  "srt",
  "json",
  "jsonl",
  "ttml",
  "dfxp",
  "xml",
  "sbv",
  "ass",
  "ssa",
  "smi",
  "sami",
  "lrc",
  "csv",
  "tsv",
  "txt",
] as const;

/** The accepted files, in words for readers. */
export const TRANSCRIPT_KINDS =
  "WebVTT, SRT, TTML, SBV, ASS, SAMI, LRC, CSV or TSV with times, text with times, or the JSON of a transcription tool";
