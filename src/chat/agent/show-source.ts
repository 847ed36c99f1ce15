import { z } from "zod";
import type { ToolCall } from "../../db/chat/chat";
import type { Citation } from "../../retrieval/search";
import { withAbsoluteUrls } from "../../text/absolute-urls";
import { parseEncodedJson } from "../../text/parse-json";
import type { ClientTool } from "../request";

/**
 * Opens a cited source on the page of the user. A page offers it as a tool of this name that takes
 * `citation`; the model gets this definition.
 */
export const SHOW_SOURCE: ClientTool = {
  name: "show_source",
  description:
    "Opens the source of a citation on the user's page: the slide, or the recording at the moment. Only when the user asks to see, open or play it, and at most once in an answer. Say that it is open only if the result has applied: true.",
  parameters: {
    type: "object",
    properties: {
      citation: {
        type: "integer",
        minimum: 1,
        description: "The number of a passage you were given",
      },
    },
    required: ["citation"],
    additionalProperties: false,
  },
};

/** Whether a page's tool is this one, and not another tool of the same name. */
export const isShowSource = ({ name, parameters }: ClientTool): boolean =>
  name === SHOW_SOURCE.name &&
  (parameters === undefined || Object(Object(parameters).properties).citation !== undefined);

/** A page that has not answered for this long has not opened anything. */
const TIMEOUT_MS = 15_000;

const Arguments = z.object({ citation: z.coerce.number().int() });

/** A call for the client: complete arguments, or the reason why it is refused. */
export type ResolvedCall = { arguments: string; error?: string };

/** Resolves the citations of one answer to places that a page can open. */
export class SourceResolver {
  #isUsed: boolean;

  /** @param isUsed an earlier step of the answer has shown a source */
  constructor(
    readonly passages: ReadonlyMap<number, Citation>,
    isUsed: boolean,
  ) {
    this.#isUsed = isUsed;
  }

  /**
   * Accepts the first call of an answer, for a passage that was retrieved in this thread and is visible.
   *
   * @param input the arguments as the model wrote them
   */
  resolve(input: unknown): ResolvedCall {
    const { citation } = Arguments.safeParse(input).data ?? {};
    const refuse = (error: string) => ({
      arguments: JSON.stringify(citation === undefined ? {} : { citation }),
      error,
    });
    if (citation === undefined) return refuse("Name a passage by its number: { citation: 1 }");
    const passage = this.passages.get(citation);
    if (!passage) return refuse(`No passage of this conversation has the number ${citation}`);
    if (passage.withheld) return refuse("The user cannot see this passage now");
    if (this.#isUsed) return refuse("This answer has opened a source already");
    this.#isUsed = true;
    const { source, asset_id, page_number, page_label, start_ms, end_ms, sha256, url } = passage;
    const place = { source, asset_id, page_number, page_label, start_ms, end_ms, sha256, url };
    return { arguments: JSON.stringify({ citation, ...place }) };
  }
}

/**
 * The arguments of a call with an absolute link. Arguments of other tools, and parts of arguments, stay as
 * they are.
 */
export function withAbsoluteSource(input: string, baseUrl: string): string {
  if (!input.startsWith('{"citation":') || !input.endsWith("}")) return input;
  const place = parseEncodedJson(input);
  return place === undefined ? input : JSON.stringify(withAbsoluteUrls(place, baseUrl));
}

/** Whether the time for the page's answer is over. */
export const isTimedOut = ({ asked_at }: ToolCall, now: number): boolean =>
  asked_at !== undefined && now - Date.parse(asked_at) > TIMEOUT_MS;

const PageAnswer = z.object({ applied: z.literal(true), at: z.unknown().optional() });
const MAX_PLACE_LENGTH = 300;

/** The content of the result of a page that did not answer in time. */
export const NOT_ANSWERED = JSON.stringify({ applied: false });

/**
 * The result of a call for the model. Only `{applied: true, at}` of the page allows it to say that the
 * source is open; everything else that a page sends means that it is not.
 */
export function toShownResult({ result }: ToolCall): string {
  const answer = result?.late
    ? undefined
    : PageAnswer.safeParse(parseEncodedJson(result?.content ?? "")).data;
  if (!answer) {
    return JSON.stringify({
      applied: false,
      note: "Nothing was opened. Do not say that you opened or showed it; cite the source instead.",
    });
  }
  const at = JSON.stringify(answer.at) ?? "";
  return JSON.stringify({
    applied: true,
    ...(at !== "" && at.length <= MAX_PLACE_LENGTH && { at: answer.at }),
    note: "The source is open on the user's page. You can say so.",
  });
}
