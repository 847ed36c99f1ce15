import { seeded } from "../../src/retrieval/ranking-metrics";
import {
  ACTIONS,
  COURSE_LANGUAGES,
  type Concept,
  type CourseLanguage,
  FACT_KINDS,
  type FactKind,
  OBJECTS,
  PHRASES,
} from "./phrases";

export type GeneratedPage = { title: string; lines: string[] };

/** A sentence of the lecturer, and the page that is shown while it is spoken, from 1. */
export type ScriptSentence = { page: number; text: string };
export type SpokenSentence = ScriptSentence & { start_ms: number; end_ms: number };

/** Where a question is answered: pages of a deck, or seconds of a recording. */
export type GoldSpan =
  | { file: string; pages: number[] }
  | { file: string; start_s: number; end_s: number };

export type CourseQuestion = {
  language: CourseLanguage;
  question: string;
  /** The kind of fact; for an uncovered question the reason. */
  kind: FactKind | "unknown_concept" | "missing_fact" | "other_topic";
  covered: boolean;
  /** Every place that answers the question. Empty for an uncovered question. */
  gold: GoldSpan[];
};

/** A sentence that cites its passage as `[1]`, for the citation check. */
export type CourseCitation = {
  passage: string;
  sentence: string;
  source: "lectures" | "slides";
  expected: "supported" | "unsupported";
  kind: string;
};

export type CourseLecture = {
  /** Of its files, without extension. */
  name: string;
  title: string;
  language: CourseLanguage;
  pages: GeneratedPage[];
  speech: SpokenSentence[];
};

export type GeneratedCourse = {
  seed: number;
  lectures: CourseLecture[];
  questions: CourseQuestion[];
  citations: CourseCitation[];
};

export type CourseOptions = {
  /** The same seed gives the same course. */
  seed?: number;
  /** Lectures, each with a deck; the languages take turns. */
  lectures?: number;
  /** Pages of each deck. */
  pages?: number;
  languages?: readonly CourseLanguage[];
};

type ScriptFact = { kind: FactKind; page: number; asked: string[] } & {
  isWritten: boolean;
  /** Positions in the script. */
  sentences: number[];
};
type ScriptLecture = Omit<CourseLecture, "speech"> & {
  script: ScriptSentence[];
  facts: ScriptFact[];
  concepts: Concept[];
};

/** A course without times: what is on the slides and what is said. */
export type CourseScript = {
  seed: number;
  lectures: ScriptLecture[];
  uncovered: CourseQuestion[];
};

const SYLLABLES = ["ba", "ko", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "ve", "zi"];
const ENDINGS = ["lk", "rm", "nd", "x", "rk", "mp"];
/** A lecturer returns to an earlier page this often. */
const RETURNS = 0.15;
const MIN_FILLERS = 3;
const MORE_FILLERS = 5;
/** Between two sentences. */
export const PAUSE_MS = 300;

/** Writes the slides, the spoken sentences and the questions of a course. */
export function makeScript({
  seed = 1,
  lectures = 3,
  pages = 12,
  languages = COURSE_LANGUAGES,
}: CourseOptions = {}): CourseScript {
  const random = seeded(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const used = new Set<string>();
  /** A word that no other name of the course begins with. A large course needs longer ones. */
  const newName = (): string => {
    const length = Math.max(3, Math.ceil(Math.log(2 * used.size + 1) / Math.log(SYLLABLES.length)));
    const start = Array.from({ length }, () => pick(SYLLABLES)).join("");
    if (used.has(start)) return newName();
    used.add(start);
    const name = start + pick(ENDINGS);
    return name[0]!.toUpperCase() + name.slice(1);
  };
  const years = new Set<number>();
  const newYear = (): number => {
    const year = 1700 + below(300);
    if (years.has(year) && years.size < 300) return newYear();
    years.add(year);
    return year;
  };
  let purposes = below(ACTIONS * OBJECTS);
  const makeConcept = (): Concept => {
    // 7 and the number of combinations share no divisor, so each combination comes once in a cycle.
    purposes = (purposes + 7) % (ACTIONS * OBJECTS);
    return {
      name: newName(),
      kind: below(6),
      inventor: newName(),
      year: newYear(),
      limit: 21 + below(878),
      unit: below(4),
      action: purposes % ACTIONS,
      object: Math.floor(purposes / ACTIONS),
      weakness: below(8),
      material: below(8),
    };
  };

  const makeLecture = (index: number): ScriptLecture => {
    const language = languages[index % languages.length]!;
    const phrases = PHRASES[language];
    const concepts = Array.from({ length: pages }, makeConcept);
    const facts: ScriptFact[] = [];
    const script: ScriptSentence[] = [];
    const say = (page: number, text: string) => script.push({ page, text }) - 1;
    const deck: GeneratedPage[] = [];
    for (const [i, concept] of concepts.entries()) {
      const page = i + 1;
      const stated = phrases.facts(concept);
      deck.push({
        title: phrases.pageTitle(concept),
        lines: FACT_KINDS.flatMap((kind) => stated[kind].written ?? []),
      });
      for (const kind of FACT_KINDS) {
        const { written, spoken, asked } = stated[kind];
        const isCycleOver = kind === "purpose" && index * pages + i >= ACTIONS * OBJECTS;
        const sentences = spoken === null ? [] : [say(page, spoken)];
        if (!isCycleOver) {
          facts.push({ kind, page, asked, isWritten: written !== null, sentences });
        }
        if (random() < 0.5) say(page, pick(phrases.fillers));
      }
      for (let n = MIN_FILLERS + below(MORE_FILLERS); n > 0; n -= 1) {
        say(page, pick(phrases.fillers));
      }
      if (i > 2 && random() < RETURNS) {
        const earlier = below(i);
        say(earlier + 1, phrases.compare(concepts[earlier]!, concept));
        say(earlier + 1, pick(phrases.fillers));
      }
    }
    return {
      name: `lecture-${index + 1}`,
      title: phrases.lectureTitle(newName(), index + 1),
      language,
      pages: deck,
      script,
      facts,
      concepts,
    };
  };

  const made = Array.from({ length: lectures }, (_, i) => makeLecture(i));
  const uncovered = languages.flatMap((language) => {
    const phrases = PHRASES[language];
    const ask = (kind: CourseQuestion["kind"], question: string) => ({
      language,
      question,
      kind,
      covered: false,
      gold: [],
    });
    const own = made.filter((lecture) => lecture.language === language);
    const count = Math.min(6, Math.max(2, Math.floor(pages / 2)));
    return [
      ...phrases.otherTopics.slice(0, count).map((question) => ask("other_topic", question)),
      ...Array.from({ length: count }, () =>
        ask("unknown_concept", pick(phrases.facts(makeConcept()).limit.asked)),
      ),
      ...own
        .flatMap(({ concepts }) => concepts)
        .slice(0, count)
        .map((concept) => ask("missing_fact", phrases.missingFact(concept))),
    ];
  });
  return { seed, lectures: made, uncovered };
}

/** The spoken seconds of a sentence at 15 characters a second, in ms. */
export const estimateSpokenMs = (text: string): number => Math.round((text.length / 15) * 1_000);

/**
 * Adds the times of the sentences.
 *
 * @param durations  of each sentence of each lecture, in ms, without the pause after it
 */
export function timeCourse(
  { seed, lectures, uncovered }: CourseScript,
  durations: readonly (readonly number[])[] = lectures.map(({ script }) =>
    script.map(({ text }) => estimateSpokenMs(text)),
  ),
): GeneratedCourse {
  const timed = lectures.map(({ script, facts: _, concepts: __, ...lecture }, i) => {
    let now = 0;
    const speech = script.map((sentence, n) => {
      const start_ms = now;
      const end_ms = start_ms + durations[i]![n]!;
      now = end_ms + PAUSE_MS;
      return { ...sentence, start_ms, end_ms };
    });
    return { ...lecture, speech };
  });
  const covered = lectures.flatMap(({ name, language, facts }, i) =>
    facts.flatMap(({ kind, page, asked, isWritten, sentences }) => {
      const written = isWritten ? [{ file: `${name}.pdf`, pages: [page] }] : [];
      const spoken = sentences.map((n) => {
        const { start_ms, end_ms } = timed[i]!.speech[n]!;
        return { file: `${name}.vtt`, start_s: start_ms / 1_000, end_s: end_ms / 1_000 };
      });
      const gold = [...written, ...spoken];
      return asked.map((question) => ({ language, question, kind, covered: true, gold }));
    }),
  );
  const questions = [...covered, ...uncovered];
  return { seed, lectures: timed, questions, citations: lectures.flatMap(toCitations) };
}

/** For each page a supported sentence and three that the passage does not support. */
function toCitations({ facts, script, pages, language }: ScriptLecture): CourseCitation[] {
  const phrases = PHRASES[language];
  return pages.flatMap((page, i): CourseCitation[] => {
    const spoken = (kind: FactKind, number: number) => {
      const fact = facts.find((one) => one.kind === kind && one.page === number)!;
      return script[fact.sentences[0]!]!.text;
    };
    const origin = spoken("origin", i + 1);
    const limit = spoken("limit", i + 1);
    const passage = script
      .filter((sentence) => sentence.page === i + 1)
      .map(({ text }) => text)
      .join(" ");
    const speech = { passage, source: "lectures" as const };
    const slide = {
      passage: [page.title, ...page.lines].join("\n"),
      source: "slides" as const,
    };
    const cite = (sentence: string) => `${sentence} [1]`;
    const wrongYear = origin.replace(/\d{4}/, (year) => String(Number(year) + 7));
    const wrongLimit = limit.replace(/\d+/, (number) => String(Number(number) * 2 + 1));
    const unrelated = phrases.otherTopics[i % phrases.otherTopics.length]!.replace(/\s*\?$/, ".");
    return [
      { ...speech, sentence: cite(origin), expected: "supported", kind: "verbatim" },
      { ...slide, sentence: cite(page.lines[0]!), expected: "supported", kind: "slide" },
      { ...speech, sentence: cite(wrongYear), expected: "unsupported", kind: "number" },
      { ...speech, sentence: cite(wrongLimit), expected: "unsupported", kind: "number" },
      { ...slide, sentence: cite(unrelated), expected: "unsupported", kind: "unrelated" },
    ];
  });
}

/** A course with estimated times, without audio. */
export const makeCourse = (options?: CourseOptions): GeneratedCourse =>
  timeCourse(makeScript(options));
