import type { Viewer } from "../../principal";
import { parseJson } from "../../text/parse-json";
import { type CitedPlace, findHiddenCitations } from "../access/visibility";
import type { Sql } from "../client";

type CitingCall = { result?: { content: string } };
type WithholdableMessage = {
  metadata: { citations?: unknown[]; references?: unknown[]; tool_calls?: CitingCall[] };
};
type Cited = CitedPlace & { [more: string]: unknown };

/** Shown instead of a quote. */
const WITHHELD = "This material is not visible to you now.";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Replaces quotes and links of material that the viewer does not see now, in the citations, the retrieved
 * passages and the results of tools, and sets `withheld` on them. Quotes appear again with the material.
 */
export async function withholdHidden<M extends WithholdableMessage>(
  sql: Sql,
  viewer: Viewer,
  messages: M[],
): Promise<M[]> {
  const cited: CitedPlace[] = [];
  visitAll(messages, (one) => {
    cited.push(toPlace(one));
    for (const other of counterpartsOf(one)) cited.push(toPlace(other));
    return one;
  });
  const hidden = await findHiddenCitations(sql, viewer, cited);
  if (hidden.size === 0) return messages;
  let n = 0;
  return visitAll(messages, (one) => {
    const isHidden = hidden.has(n++);
    const isOtherHidden = counterpartsOf(one).filter(() => hidden.has(n++)).length > 0;
    const { slide: _slide, moments: _moments, ...alone } = one;
    const visible = isHidden || isOtherHidden ? alone : one;
    return isHidden ? withhold(visible) : visible;
  });
}

/** The slide of a cited moment, or the moments of a cited page. */
function counterpartsOf({ slide, moments }: Cited): CitedPlace[] {
  const listed = [slide, ...(Array.isArray(moments) ? moments : [])];
  return listed.flatMap((one) => {
    const { document_id, lecture_id, ...place } = (one ?? {}) as Record<string, unknown>;
    const asset_id = document_id ?? lecture_id;
    return typeof asset_id === "string" && UUID.test(asset_id) ? { ...place, asset_id } : [];
  });
}

function withhold(cited: Cited): Cited {
  const text = "content" in cited ? { content: WITHHELD } : { quote: WITHHELD };
  return { ...cited, ...text, url: null, withheld: true };
}

/** A client can begin a thread with citations of its own, which can contain anything. */
function toPlace({ asset_id, page_number, page_end, start_ms, end_ms }: Cited): CitedPlace {
  return {
    asset_id,
    page_number: toPosition(page_number),
    page_end: toPosition(page_end),
    start_ms: toPosition(start_ms),
    end_ms: toPosition(end_ms),
  };
}

const toPosition = (value: unknown): number | undefined =>
  Number.isInteger(value) && Math.abs(value as number) < 1e9 ? (value as number) : undefined;

type Visit = (cited: Cited) => Cited;

/** Maps all mentions of material, always in the same order. */
const visitAll = <M extends WithholdableMessage>(messages: M[], visit: Visit): M[] =>
  messages.map((message) => {
    const { citations, references, tool_calls } = message.metadata;
    if (!citations && !references && !tool_calls) return message;
    const metadata = {
      ...message.metadata,
      ...(citations && { citations: visitList(citations, visit) }),
      ...(references && { references: visitList(references, visit) }),
      ...(tool_calls && { tool_calls: tool_calls.map((call) => visitCall(call, visit)) }),
    };
    return { ...message, metadata };
  });

const visitList = (list: unknown[], visit: Visit): unknown[] =>
  list.map((one) => (isCited(one) ? visit(one) : one));

function visitCall<C extends CitingCall>(call: C, visit: Visit): C {
  if (!call.result?.content.includes('"passages"')) return call;
  // Results of a client's tools can have any content.
  const result = parseJson(call.result.content) as { passages?: unknown } | null | undefined;
  if (!Array.isArray(result?.passages)) return call;
  const content = JSON.stringify({ ...result, passages: visitList(result.passages, visit) });
  return { ...call, result: { ...call.result, content } };
}

function isCited(value: unknown): value is Cited {
  if (typeof value !== "object" || value === null || !("asset_id" in value)) return false;
  return typeof value.asset_id === "string" && UUID.test(value.asset_id);
}
