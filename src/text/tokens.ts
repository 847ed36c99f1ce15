import { CL100K_TOKEN_SPLIT_REGEX } from "gpt-tokenizer/encodingParams/constants";
import { type BytePairEncoding, openBytePairEncoding } from "./byte-pair-encoding";

/**
 * Tokens of `text` for OpenAI's text-embedding-3 models (cl100k_base).
 *
 * Special tokens such as `<|endoftext|>` are counted as plain text, because slides can show them. Text
 * without spaces is counted in pieces of 256 characters, because one piece takes quadratic time. This can add
 * a token per piece.
 */
export function countTokens(text: string): number {
  if (!LONG_RUN.test(text)) return count(text);
  return (text.match(PIECES) ?? []).reduce((sum, piece) => sum + count(piece), 0);
}

const LONG_RUN = /\S{257}|\s{257}/u;
const PIECES = /\s{0,256}\S{1,256}|\s{1,256}/gu;

let opened: BytePairEncoding | undefined;

/** The vocabulary is read on first use: it takes 75 ms and 10 MB, 3 of them for the vocabulary, in each thread. */
function cl100kBase(): BytePairEncoding {
  opened ??= openBytePairEncoding(
    Bun.resolveSync("gpt-tokenizer/data/cl100k_base.tiktoken", import.meta.dir),
    CL100K_TOKEN_SPLIT_REGEX,
  );
  return opened;
}

const count = (text: string) => cl100kBase().count(text);

/** Tokens that are numbered after the vocabulary. */
const SPECIAL = new Map(
  Object.entries({
    "<|endoftext|>": 100_257,
    "<|fim_prefix|>": 100_258,
    "<|fim_middle|>": 100_259,
    "<|fim_suffix|>": 100_260,
    "<|endofprompt|>": 100_276,
  }).map(([text, token]) => [token, new TextEncoder().encode(text)]),
);

/** The text of cl100k_base tokens; null when one of them is not in the vocabulary. */
export function decodeTokens(tokens: readonly number[]): string | null {
  const parts: Uint8Array[] = [];
  for (const token of tokens) {
    const part = cl100kBase().bytesOf(token) ?? SPECIAL.get(token);
    if (!part) return null; // the vocabulary has gaps between its special tokens
    parts.push(part);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(parts));
}
