import { type NewAnswer, parseArguments } from "../../db/chat/chat";
import { SEARCH_TOOLS } from "../../providers/chat/chat-model";

const SEARCHES: readonly string[] = Object.values(SEARCH_TOOLS);
/** The answerer without a model. It cites the nearest passages also when it refuses. */
const EXTRACTIVE = "local:extractive";

/**
 * Whether a complete answer shows that the course does not contain what was asked: it searched, every
 * search found nothing or nothing that covers the question, and a model cited no passage.
 */
export function isUnanswered(steps: NewAnswer[]): boolean {
  const last = steps.at(-1)?.metadata;
  if (last?.status !== "complete") return false;
  const calls = steps.flatMap(({ metadata }) => metadata.tool_calls ?? []);
  if (calls.some(({ result }) => result === undefined)) return false;
  const searches = calls.filter(({ name }) => SEARCHES.includes(name));
  const cites = steps.some(({ metadata }) => (metadata.citations ?? []).length > 0);
  if (searches.length === 0 || (cites && last.model !== EXTRACTIVE)) return false;
  return searches.every(({ result }) => isWithoutAnswer(parseArguments(result!.content)));
}

function isWithoutAnswer(result: unknown): boolean {
  const { covered, passages } = (result ?? {}) as { covered?: unknown; passages?: unknown[] };
  if (!Array.isArray(passages)) return false; // the search failed
  return passages.length === 0 || covered === false;
}
