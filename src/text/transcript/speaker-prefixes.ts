import type { CaptionLine } from "./caption-text";
import type { TextCue } from "./text-cue";

/**
 * `[SPEAKER_00]: `, `SPEAKER_00: `, `(Speaker A) `, `Sprecher 1: `, `发言人1：`: prefixes of diarization tools, always a
 * speaker.
 */
const DIARIZED =
  /^[[(<]?\s*((?:speaker|spk|sprecher(?:in)?|locut(?:eur|or|ora)|intervenante?|hablante|orador|parlante|relatore|spreker|talare|taler|mówca|спикер|говорящий|发言人|說話者|说话人|話者|화자|참석자)[ _-]?(?:\d{1,4}|[A-Z](?![\p{L}\p{M}]))|(?<=\[)(?:speaker_)?unknown)\s*(?:[\])>]\s*[:：]?|[:：])\s*/iu;
/** `>> JANE: ` of broadcast captions. */
const BROADCAST = /^>>+\s*(\p{Lu}[\p{Lu}\p{M} .'’-]{1,40}):\s+/u;
/**
 * `Jane Doe: `, `[Jane Doe]: `, `Dr. Jane Doe (she/her): `, `张伟：`, and full names in brackets, such as `(Jane Doe) `;
 * a speaker only where the file is consistent.
 */
const NAMED =
  /^(?:>>+\s*)?(?:\[?([\p{L}\p{N}][^:：\n[\]<>]{0,60})\]?\s?(?::(?:\s+(?=\S)|(?=\p{L}))|：\s*(?=\S))|[[(<](\p{Lu}[^:：\n[\]()<>]{1,60})[\])>]\s+(?=\S))/u;
/** A change of speaker without a name: at the start of a line, or after a sentence. */
const CHANGE = /^\s*>>+\s*|(?<=[.?!…"”)\]]) >>+ (?=\S)/gu;

/** Words before a colon that lecturers use and that are not names. */
const LABELS = new Set(
  (
    "note notes example examples definition theorem lemma corollary proof remark question answer " +
    "q a step chapter section part exercise problem solution warning tip hint summary first second " +
    "third finally so now result conclusion time date " +
    "hinweis beispiel satz beweis frage antwort schritt kapitel aufgabe lösung " +
    "remarque exemple définition théorème preuve réponse étape chapitre exercice " +
    "nota ejemplo definición teorema prueba pregunta respuesta paso capítulo ejercicio"
  ).split(" "),
);
/** Share of the prefixes that must be full names or names that return. */
const TRUSTED_SHARE = 0.6;
/** Lower-case words inside names. */
const PARTICLE = /^(?:de|da|di|du|del|la|le|van|von|der|den|zu|bin|ibn|al|el|y)$/;
/** If at least this share of cues has a prefix, the prefixes are names of speakers. */
const CONSISTENT_SHARE = 0.8;

/**
 * Takes speakers out of the text of captions: prefixes of diarization tools always, names such as
 * Zoom's `Jane Doe: ` when nearly every cue has one, and the marks `>>` of broadcast captions.
 */
export function withSpeakers(cues: readonly TextCue[]): TextCue[] {
  const joined = cues.map(withNameBesideText);
  const names = consistentNames(joined);
  return cues.map((cue, i) => {
    let current: string | undefined;
    const beside = joined[i]!.lines;
    const name = beside.length < cue.lines.length ? nameBefore(beside[0]!) : undefined;
    const isNamed = name !== undefined && names.has(name);
    const lines = (isNamed ? beside : cue.lines).map((line) => {
      if (line.speaker !== undefined) return line;
      const read = readPrefix(line, names);
      if (/^\s*>>/.test(line.text)) current = undefined;
      current = read.speaker ?? current;
      return current === undefined ? read : withSpeaker(read, current);
    });
    return { ...cue, lines };
  });
}

/** A name on a line of its own. */
const NAME_LINE = /^(?:>>+\s*)?\[?[\p{L}\p{N}][^:：\n[\]<>]{0,60}\]?\s?[:：]\s*$/u;

/** Moves a name above the text of a cue into the line of the text, where most tools write it. */
function withNameBesideText(cue: TextCue): TextCue {
  const [name, first, ...others] = cue.lines;
  const isAbove = name && first && name.speaker === undefined && NAME_LINE.test(name.text.trim());
  if (!isAbove || first.text.trim() === "") return cue;
  const text = `${name.text.trim()} ${first.text.trim()}`;
  return { ...cue, lines: [{ ...first, text, words: [...name.words, ...first.words] }, ...others] };
}

const withSpeaker = (line: CaptionLine, speaker: string): CaptionLine => ({
  ...line,
  speaker,
  words: line.words.map((word) => ({ ...word, speaker })),
});

function readPrefix(line: CaptionLine, names: ReadonlySet<string>): CaptionLine {
  const text = line.text.trimStart();
  const found = DIARIZED.exec(text) ?? BROADCAST.exec(text) ?? NAMED.exec(text);
  const name = found && (found[1] ?? found[2]!).trim();
  const isSpeaker = name && (DIARIZED.test(text) || BROADCAST.test(text) || names.has(name));
  const body = isSpeaker ? text.slice(found[0].length) : line.text;
  if (!isSpeaker && !body.includes(">>")) return line;
  const words = line.words.slice(isSpeaker ? found[0].trim().split(/\s+/).length : 0);
  return {
    ...line,
    text: body.replace(CHANGE, (_, at) => (at === 0 ? "" : " ")),
    words: words.filter((word) => !/^>>+$/.test(word.text)),
    ...(isSpeaker && { speaker: name }),
  };
}

/** The names before colons in this file; empty unless its cues begin with names throughout. */
function consistentNames(cues: readonly TextCue[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const inside = new Set<string>();
  let spoken = 0;
  for (const { lines } of cues) {
    const [first, ...others] = lines.filter(({ text }) => text.trim() !== "");
    if (!first || first.speaker !== undefined) continue;
    spoken++;
    const name = nameBefore(first);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const other of others.map(nameBefore)) if (other && isFullName(other)) inside.add(other);
  }
  const prefixed = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const trusted = [...counts]
    .filter(([name, count]) => count > 1 || isFullName(name))
    .reduce((sum, [, count]) => sum + count, 0);
  const isConsistent =
    prefixed > 0 && prefixed >= spoken * CONSISTENT_SHARE && trusted >= prefixed * TRUSTED_SHARE;
  return isConsistent ? new Set([...counts.keys(), ...inside]) : new Set();
}

function nameBefore({ text }: CaptionLine): string | undefined {
  const found = NAMED.exec(text.trimStart());
  const name = (found?.[1] ?? found?.[2])?.trim();
  // A single word in brackets is a sound, such as `[Applause]`.
  const isName = name !== undefined && (found![2] === undefined || isFullName(name));
  return isName && isNameLike(name) ? name : undefined;
}

function wordsOf(name: string): string[] {
  return name
    .replace(/\([^()]{0,40}\)/g, "")
    .trim()
    .split(/\s+/);
}

/** Titles such as `Dr.` end with a full stop inside a sentence. */
const TITLES = /\b(?:Dr|Prof|Mr|Mrs|Ms|St|Ing|Jr|Sr|Dipl)\. ?/g;

function isNameLike(name: string): boolean {
  const words = wordsOf(name);
  if (words.length > 6 || /[;?!=]|[\p{Ll}\d]\. /u.test(name.replace(TITLES, ""))) return false;
  const [first, last] = [words[0]!.toLowerCase(), words.at(-1)!.toLowerCase()];
  if (words.length === 1) return !LABELS.has(first);
  return ![first, last].some((word) => word.length > 1 && LABELS.has(word));
}

function isFullName(name: string): boolean {
  const words = wordsOf(name);
  const isCapital = (word: string) => /^[\p{Lu}\p{Lo}]/u.test(word) || PARTICLE.test(word);
  return words.length >= 2 && words.every(isCapital);
}

/**
 * Lines that recording platforms put into captions about the captions. Only a whole line counts: a
 * lecturer can talk about automatic captions.
 */
const NOTICES: readonly RegExp[] = [
  /^(?:this is an? )?auto(?:matic(?:ally)?)?[ -]?generated (?:(?:transcripts?|captions?|subtitles?)(?:[.:;(–—-][^\])]{0,160}| (?:by|using) .{0,80})?|by \w+)$/i,
  /^(?:transcribed|transcript generated|captioned|subtitles|captions) (?:by|with) (?:https?:\/\/|(?:the )?\S+\.(?:ai|com|org|io|net)\b|zoom|otter|youtube|panopto|kaltura|microsoft|google).{0,120}$/i,
  /^automatisch (?:generierte|erstellte)[sr]? (?:transkript|untertitel)(?:[.:;(–—-][^\])]{0,160})?$/i,
  /^(?:transcription|sous-titres) (?:générée?s?|créée?s?) automatiquement(?:[.:;(–—-][^\])]{0,160})?$/i,
  /^(?:transcripción|subtítulos) generad[ao]s? automáticamente(?:[.:;(–—-][^\])]{0,160})?$/i,
];
/** Notices are in the first or last cues. */
const NOTICE_CUES = 3;

/** Removes lines such as Panopto's `[Auto-generated transcript. Edits may have been applied …]`. */
export function withoutNotices<Cue extends { lines: { text: string }[] }>(
  cues: readonly Cue[],
): Cue[] {
  return cues.map((cue, i) => {
    if (i >= NOTICE_CUES && i < cues.length - NOTICE_CUES) return cue;
    const lines = cue.lines
      .filter(({ text }) => !isNotice(text))
      .map((line) => ({ ...line, text: withoutNoticePrefix(line.text) }));
    return { ...cue, lines };
  });
}

/** A notice in brackets can share its line with speech. */
function withoutNoticePrefix(line: string): string {
  const bracketed = /^\s*[[(]([^\])\n]{1,200})[\])]\s*/.exec(line);
  return bracketed && isNotice(bracketed[1]!) ? line.slice(bracketed[0].length) : line;
}

/** Whether `withoutNotices` would change a line. */
export const hasNotice = (line: string): boolean =>
  isNotice(line) || withoutNoticePrefix(line) !== line;

/** Whether a line is about the captions and not spoken. */
function isNotice(line: string): boolean {
  const text = line
    .trim()
    .slice(0, 300)
    .replace(/^[[({*\s-]+|[\])}*\s.-]+$/g, "");
  return NOTICES.some((notice) => notice.test(text));
}
