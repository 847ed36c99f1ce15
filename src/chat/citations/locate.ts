import { readPageTexts, readSpeech, type SpokenText } from "../../db/chat/chat-reads";
import type { Sql } from "../../db/client";
import type { Viewer } from "../../principal";
import { readCounterparts } from "../../retrieval/counterparts";
import { toMomentUrl } from "../../text/moment-url";
import { tellingLabel } from "../../text/page-place";
import { type Timeline, timesOf, toTimeline } from "../../text/timeline";
import type { Segment } from "../../text/transcript/transcript";
import type { CheckedCitation } from "./check";
import { readClaims } from "./claims";
import { findSupportingSpan, sentencesOf, type TextSpan } from "./find-sentence";

/** Speech without punctuation has no sentences; a longer "sentence" is divided into its segments. */
const LONG_SENTENCE_CHARS = 300;

/**
 * The citations of an answer, each where its words stand instead of where its passage begins: the
 * quote is the sentence that the answer rests on, and the address opens its page or its second.
 *
 * A number that several statements cite leads to the first statement that is found in its passage. If
 * none is found, it leads to the whole passage. The slide of a moment and the moments of a page are those of
 * the place that was found.
 */
export async function locateCitations(
  db: Sql,
  viewer: Viewer,
  answer: string,
  citations: CheckedCitation[],
): Promise<CheckedCitation[]> {
  if (citations.length === 0) return [];
  const claims = readClaims(answer).filter(({ isListed }) => !isListed);
  const spoken = citations.filter(({ source }) => source === "lectures");
  const speech = readSpeech(db, spoken.map(toSpeechPart));
  const located = await Promise.all(
    citations.map(async (citation) => {
      const made = claims.filter(({ numbers }) => numbers.includes(citation.number));
      const texts = made.map(({ text }) => text);
      const pointed =
        citation.source === "lectures"
          ? pointToMoment(speechOf(citation, await speech), citation, texts)
          : await pointToPage(db, citation, texts);
      const { page_end: _, page_label: _label, ...rest } = citation as Paged;
      return pointed ? { ...rest, ...pointed } : citation;
    }),
  );
  const counterparts = await readCounterparts(db, viewer, located);
  return located.map(({ slide: _slide, moments: _moments, ...citation }, i) => ({
    ...citation,
    ...counterparts[i],
  }));
}

/** A citation of a whole passage includes its end. */
type Paged = CheckedCitation & { page_end?: number };
type Pointed = Pick<
  CheckedCitation,
  "quote" | "url" | "page_number" | "page_label" | "start_ms" | "end_ms"
>;

const toSpeechPart = ({ asset_id, start_ms, end_ms }: CheckedCitation) => ({
  lecture_id: asset_id,
  start_ms: start_ms!,
  end_ms: end_ms!,
});

/** The speech of one passage, out of the speech of all cited lectures. */
function speechOf(
  { asset_id, start_ms, end_ms }: CheckedCitation,
  speech: ReadonlyMap<string, SpokenText>,
): SpokenText {
  const isInside = (part: Segment) => part.start_ms < end_ms! && part.end_ms > start_ms!;
  const { segments = [], words = [] } = speech.get(asset_id) ?? {};
  return { segments: segments.filter(isInside), words: words.filter(isInside) };
}

function pointToMoment(
  { segments, words }: SpokenText,
  { quote, url }: CheckedCitation,
  claims: string[],
): Pointed | undefined {
  if (segments.length === 0) return undefined;
  const timeline = toTimeline(segments, words);
  const borders = toTimeline(segments).spans.map(({ from }) => from);
  const pieces = sentencesOf(quote).flatMap((one) => cutAt(quote, one, timeline, borders));
  const said = findSupportingSpan(quote, claims, pieces);
  if (!said) return undefined;

  const words_said = quote.slice(said.from, said.to);
  const at = timeline.text.indexOf(words_said);
  if (at < 0) return undefined;
  const moment = timesOf(timeline, at, at + words_said.length);
  return { quote: words_said, ...moment, url: url && toMomentUrl(url, moment.start_ms) };
}

/** A sentence, or the segments of one that is too long to be found in it. */
function cutAt(
  quote: string,
  sentence: TextSpan,
  timeline: Timeline,
  borders: number[],
): TextSpan[] {
  const text = quote.slice(sentence.from, sentence.to);
  const at = timeline.text.indexOf(text);
  if (text.length <= LONG_SENTENCE_CHARS || at < 0) return [sentence];
  const inside = borders.filter((border) => border > at && border < at + text.length);
  const starts = [0, ...inside.map((border) => border - at)];
  return starts.map((start, i) => {
    const piece = text.slice(start, starts[i + 1]).trimEnd();
    return { from: sentence.from + start, to: sentence.from + start + piece.length };
  });
}

async function pointToPage(
  db: Sql,
  { asset_id, sha256, quote, page_number, page_end, url }: Paged,
  claims: string[],
): Promise<Pointed | undefined> {
  const found = findSupportingSpan(quote, claims);
  if (!found) return undefined;
  const shown = quote.slice(found.from, found.to);
  const pages = await readPageTexts(
    db,
    { document_id: asset_id, sha256 },
    page_number!,
    page_end ?? page_number!,
  );
  const [first] = sentencesOf(shown);
  const page =
    pageWith(pages, shown) ?? pageWith(pages, shown.slice(first!.from, first!.to)) ?? page_number!;
  const label = tellingLabel(page, pages.find((one) => one.page_number === page)?.label);
  return {
    quote: shown,
    page_number: page,
    ...(label && { page_label: label }),
    url: url?.replace(/#page=\d+$/, `#page=${page}`) ?? null,
  };
}

/** The page that holds a text, however its lines are broken. */
function pageWith(pages: { page_number: number; content: string }[], text: string) {
  const oneLine = (lines: string) => lines.replace(/\s+/g, " ");
  return pages.find(({ content }) => oneLine(content).includes(oneLine(text)))?.page_number;
}
