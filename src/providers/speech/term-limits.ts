import { countTokens } from "../../text/tokens";

/**
 * ElevenLabs accepts 1000 key terms in newer versions and 100 in older ones. Each has fewer than 50
 * characters, at most five words, and none of the characters below. A call with key terms costs 20 % more.
 */
const MAX_KEYTERMS = 100;
const MAX_KEYTERM_CHARS = 49;
const MAX_KEYTERM_WORDS = 5;
const REFUSED_CHARS = /[<>{}[\]\\]/g;

/** Whisper reads the last 224 tokens of a prompt. Its tokenizer needs slightly more of them than ours. */
const MAX_PROMPT_TOKENS = 180;

/** The first terms that ElevenLabs accepts. @param terms the most important first */
export function toKeyterms(terms: readonly string[]): string[] {
  const accepted = new Map<string, string>();
  for (const term of terms) {
    const text = term.replace(REFUSED_CHARS, " ").replace(/\s+/g, " ").trim();
    if (text === "" || text.length > MAX_KEYTERM_CHARS) continue;
    if (text.split(/[\s-]/).length > MAX_KEYTERM_WORDS) continue;
    if (!accepted.has(text.toLowerCase())) accepted.set(text.toLowerCase(), text);
    if (accepted.size === MAX_KEYTERMS) break;
  }
  return [...accepted.values()];
}

/** The first terms that fit into the `prompt` of `/audio/transcriptions`. */
export function toPromptTerms(terms: readonly string[]): string[] {
  const fitting: string[] = [];
  let tokens = 0;
  for (const term of terms) {
    const text = term.replace(/\s+/g, " ").trim();
    tokens += countTokens(` ${text},`);
    if (tokens > MAX_PROMPT_TOKENS) break;
    if (text !== "") fitting.push(text);
  }
  return fitting;
}
