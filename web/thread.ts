import type { AgentSubscriber } from "@ag-ui/client";
import type { Interrupt } from "@ag-ui/core";
import type { UnsupportedSentence } from "../src/chat/citations/check";
import { findMarks } from "../src/chat/citations/marks";
import { toClock } from "../src/text/clock";
import { toPagePlace } from "../src/text/page-place";
import { needsSignature, openSigned } from "./credential";

/** An entry of `knowledge_references`: the source of one number in the answer. */
export type Reference = {
  number: number;
  title: string | null;
  url: string | null;
  quote: string;
  page_number?: number;
  page_label?: string;
  start_ms?: number;
  unsupported?: boolean;
  /** Another version of the document or transcript is in use now. */
  replaced?: boolean;
};

const thread = document.getElementById("thread")!;

function add(parent: HTMLElement, tag: string, className: string, text = ""): HTMLElement {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  parent.append(node);
  return node;
}

export const addQuestion = (text: string) => add(thread, "div", "user", text);
export const showProblem = (text: string) => add(thread, "p", "problem", text);

/** An answer that grows with its events. Text is always inserted as text, never as HTML. */
export function addAnswer() {
  const block = add(thread, "section", "assistant");
  const note = add(block, "p", "note", "Thinking…");
  const body = add(block, "div", "answer");
  const sources = add(block, "ol", "sources");
  const references = new Map<number, Reference>();
  const unsupported: UnsupportedSentence[] = [];
  let text = "";
  /** Where the text of the current message begins: the server counts from there. */
  let messageStart = 0;

  const draw = () => {
    body.replaceChildren(...toNodes(text, references, unsupported));
    body.scrollIntoView({ block: "end" });
  };
  const fail = (message: string) => add(block, "p", "problem", message);

  const subscriber: AgentSubscriber = {
    onToolCallStartEvent: ({ event }) => {
      note.textContent = `${event.toolCallName.replaceAll("_", " ")}…`;
    },
    onTextMessageStartEvent: () => {
      note.textContent = "";
      if (text !== "") text += "\n\n";
      messageStart = text.length;
    },
    onTextMessageEndEvent: ({ event }) => {
      for (const { start, end, ...verdict } of unsupportedOf(event)) {
        unsupported.push({ start: start + messageStart, end: end + messageStart, ...verdict });
      }
      draw();
    },
    onTextMessageContentEvent: ({ event }) => {
      text += event.delta;
      draw();
    },
    onCustomEvent: ({ event }) => {
      if (event.name !== "knowledge_references") return;
      for (const reference of referencesOf(event.value))
        references.set(reference.number, reference);
      draw();
    },
    onRunErrorEvent: ({ event }) => {
      fail(event.message);
    },
  };
  return {
    subscriber,
    fail,
    ask: ({ message = "Please reply to go on.", responseSchema }: Interrupt) => {
      const choices: string[] = responseSchema?.properties?.answer?.enum ?? [];
      add(block, "p", "asked", [message, choices.join(" · ")].filter(Boolean).join(" "));
    },
    end: () => {
      note.remove();
      const marked = new Set(findMarks(text).flatMap(({ numbers }) => numbers));
      const cited = [...references.values()]
        .filter(({ number }) => marked.has(number))
        .sort((a, b) => a.number - b.number);
      sources.replaceChildren(...cited.map(toItem));
      block.scrollIntoView({ block: "end" });
    },
  };
}

const referencesOf = (value: unknown): Reference[] => {
  const list = Array.isArray(value) ? value : (value as { references?: unknown })?.references;
  return Array.isArray(list) ? (list as Reference[]) : [];
};

const unsupportedOf = (event: object): UnsupportedSentence[] => {
  const { metadata } = event as { metadata?: { unsupported?: UnsupportedSentence[] } };
  return metadata?.unsupported ?? [];
};

/** The result of the check of a sentence. It does not notice negations, swapped subjects or names. */
const REASONS = {
  number: "a number is not in the source",
  quotation: "the quotation is not in the source",
  unit: "the unit is not in the source",
  unrelated: "the source is about something else",
};

/** The text with its links; unsupported sentences are marked, each with the reason. */
function* toNodes(
  text: string,
  references: Map<number, Reference>,
  unsupported: UnsupportedSentence[],
): Generator<Node | string> {
  const marks = findMarks(text);
  let from = 0;
  for (const { start, end, reason } of unsupported) {
    if (start < from) continue;
    yield* linked(text, marks, references, { from, to: start });
    const sentence = document.createElement("span");
    sentence.className = "unsupported";
    const note = document.createElement("small");
    note.textContent = ` (${REASONS[reason]})`;
    sentence.append(...linked(text, marks, references, { from: start, to: end }), note);
    yield sentence;
    from = end;
  }
  yield* linked(text, marks, references, { from, to: text.length });
}

/** `[3]` becomes a link if reference 3 is known, and so does each number of `[1, 2]`. */
function* linked(
  text: string,
  marks: ReturnType<typeof findMarks>,
  references: Map<number, Reference>,
  range: { from: number; to: number },
): Generator<Node | string> {
  let { from } = range;
  for (const { numbers, start, end } of marks) {
    if (start < range.from || end > range.to) continue;
    const parts = numbers.length === 1 ? /.+/g : /\d+/g;
    for (const { 0: part, index } of text.slice(start, end).matchAll(parts)) {
      const reference = references.get(numbers.length === 1 ? numbers[0]! : Number(part));
      if (!reference?.url) continue;
      yield text.slice(from, start + index);
      yield toLink(reference, part);
      from = start + index + part.length;
    }
  }
  yield text.slice(from, range.to);
}

function toLink({ url, quote }: Reference, text: string): Node {
  const link = document.createElement("a");
  link.href = url!;
  link.target = "_blank";
  link.rel = "noreferrer";
  link.title = quote;
  link.textContent = text;
  link.addEventListener("click", (event) => {
    if (!needsSignature(url!)) return;
    event.preventDefault();
    void openSigned(url!);
  });
  return link;
}

function toItem(reference: Reference): HTMLElement {
  const item = document.createElement("li");
  item.value = reference.number;
  const place =
    reference.page_number !== undefined
      ? toPagePlace(reference.page_number, reference.page_label)
      : toClock(reference.start_ms ?? 0);
  const name = `${reference.title ?? "Untitled"}, ${place}`;
  item.append(reference.url ? toLink(reference, name) : name);
  if (reference.unsupported) item.append(" (cited for marked sentences only)");
  if (reference.replaced) add(item, "small", "replaced", REPLACED);
  return item;
}

const REPLACED = " (from a former version: the material was replaced since)";

/** Marks sources of all answers. A number names the same source in the whole thread. */
export function markReplaced(replaced: ReadonlySet<number>): void {
  for (const item of thread.querySelectorAll<HTMLLIElement>("ol.sources li")) {
    const isMarked = item.querySelector(".replaced") !== null;
    if (replaced.has(item.value) && !isMarked) add(item, "small", "replaced", REPLACED);
  }
}
