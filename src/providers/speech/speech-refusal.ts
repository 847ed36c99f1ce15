import { z } from "zod";
import { AUDIO_BYTES_PER_MS } from "../../media/extract-audio";
import { parseJson } from "../../text/parse-json";
import type { SpeechResponse } from "./speech-request";

/** The reason that a provider states for its refusal. */
export type Refusal = { message?: string | undefined; code?: string | undefined };

/** A reason is a sentence; the patterns below must not run over megabytes. */
const MAX_CHARS = 2_000;

const Code = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null);
const Explanation = z.union([
  z.string().transform((message) => ({ message, code: null })),
  z
    .object({ message: z.string(), code: Code, status: Code }) // `status` is ElevenLabs' code
    .transform(({ message, code, status }) => ({ message, code: code ?? status })),
  // FastAPI: one entry for each invalid field
  z
    .array(z.object({ msg: z.string() }))
    .min(1)
    .transform((fields) => ({ message: fields[0]!.msg, code: null })),
]);
const Body = z.union([
  z.object({ error: Explanation }).transform(({ error }) => error),
  z.object({ detail: Explanation }).transform(({ detail }) => detail),
  z.object({ message: z.string(), code: Code }),
]);

/**
 * Reads the reason of a refusal from the dialects of speech servers: an object or a string under
 * `error` or `detail`, `message` at the top, or plain text. Empty for a web page.
 */
export function readRefusal({ body }: Pick<SpeechResponse, "body">): Refusal {
  const json = parseJson(body);
  const known = Body.safeParse(json);
  if (known.success) {
    const { message, code } = known.data;
    return { message: message.slice(0, MAX_CHARS), code: code?.slice(0, MAX_CHARS) };
  }
  const isText = json === undefined && body.trim() !== "" && !body.trimStart().startsWith("<");
  return isText ? { message: body.trim().slice(0, MAX_CHARS) } : {};
}

/** Some servers and proxies send an error with status 200. */
export function isRefusal({ status, body }: SpeechResponse): boolean {
  if (status !== 200) return true;
  const json = parseJson(body);
  const isTranscript =
    typeof json !== "object" || json === null || "text" in json || "words" in json;
  return !isTranscript && Body.safeParse(json).success && !("segments" in json);
}

/** The refusal of OpenAI's newer models and some small servers, which return plain text only. */
export function refusesTimes(response: SpeechResponse): boolean {
  const { message = "" } = readRefusal(response);
  const canRefuse = [200, 400, 422].includes(response.status);
  return canRefuse && TIME_FIELDS.test(message) && UNSUPPORTED.test(message);
}

const TIME_FIELDS = /response_format|verbose_json|granularit/i;
const UNSUPPORTED =
  /support|compatible|available|allowed|valid|unknown|unrecogni[sz]ed|must be|should be|expected|only|permitted/i;

/** Words for a limit, and words for the limited property of a recording. */
const LIMIT =
  /exceed|too (?:large|long|big|many)|(?:larg|long|great|bigg)er than|more than|less than|shorter than|maximum|\bmax|limit|at most|up to|under \d/i;
const QUANTITY =
  /size|length|duration|second|minute|\d\s*s\b|\bmi?b\b|bytes|payload|body|entity|clip|token|audio|file/i;
/** These limits depend on the account, not on the file. */
const ACCOUNT =
  /\b(?:rate|quota|billing|credits?|balance|concurrent|plan|per (?:minute|hour|day))\b/i;

/** Part of a stated limit that a part can use: its MP3 is slightly longer than the cut. */
const SAFE_SHARE = 0.97;

/**
 * Whether a server refuses audio for its size or length, and how long a part it takes instead.
 *
 * @param duration_ms  of the audio that was sent
 * @returns the longest part that fits, in milliseconds: the limit that the message states, or half
 *   of what was sent; null when the refusal has another reason
 */
export function longestAcceptedPart(response: SpeechResponse, duration_ms: number): number | null {
  const { status, body } = response;
  const canStateLimit = [200, 400, 422, 500].includes(status);
  const { message = "", code = "" } = readRefusal(response);
  const isLimit =
    status === 413 ||
    (canStateLimit && /filesize|too_large|too_long/i.test(`${code} ${body.slice(0, MAX_CHARS)}`)) ||
    (canStateLimit && LIMIT.test(message) && QUANTITY.test(message) && !ACCOUNT.test(message));
  if (!isLimit) return null;
  const stated = statedLimits(message).filter((limit_ms) => limit_ms < duration_ms * 0.95);
  return stated.length > 0 ? Math.max(...stated) * SAFE_SHARE : duration_ms / 2;
}

const UNITS: readonly [RegExp, ms: number][] = [
  [/^s/i, 1_000],
  [/^min/i, 60_000],
  [/^h/i, 3_600_000],
  [/^k/i, 1_000 / AUDIO_BYTES_PER_MS],
  [/^m/i, 1_000_000 / AUDIO_BYTES_PER_MS],
  [/^b/i, 1 / AUDIO_BYTES_PER_MS],
];

/** Every length or size in a message, as milliseconds of our MP3: the limit, and often the actual one. */
function statedLimits(message: string): number[] {
  const quantities = message.matchAll(
    /(\d+(?:\.\d+)?)[\s-]*(seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h|[km]i?b|kilobytes?|megabytes?|bytes?)\b/gi,
  );
  return [...quantities].map(([, amount, unit]) => {
    const [, ms] = UNITS.find(([name]) => name.test(unit!))!;
    return Number(amount) * ms;
  });
}
