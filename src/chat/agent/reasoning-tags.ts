/** A piece of a model's output, divided. */
export type DividedOutput = { reasoning: string; text: string };

const OPENING = /^\s*<(think|thinking|thought|reasoning)>/i;
/** The beginning of an answer that can still become an opening tag. */
const UNDECIDED = /^\s*(?:<[a-z]{0,9})?$/i;
/** The end of a piece that can be the beginning of a closing tag. */
const MAYBE_CLOSING = /<(?:\/[a-z]{0,9})?$/i;

/**
 * Takes reasoning out of the text of models whose servers do not: many open models begin with
 * `<think>…</think>`. The result does not depend on how the output is divided into pieces.
 */
export class ReasoningTags {
  #state: "start" | "reasoning" | "blank" | "text" = "start";
  #tag = "";
  #pending = "";

  push(piece: string): DividedOutput {
    if (this.#state === "text") return { reasoning: "", text: piece };
    this.#pending += piece;
    if (this.#state === "start") this.#readStart();
    const reasoning = this.#state === "reasoning" ? this.#takeReasoning() : "";
    return { reasoning, text: this.#takeText() };
  }

  /** Ends the output; returns what was undecided. */
  end(): DividedOutput {
    const pending = this.#pending;
    this.#pending = "";
    return this.#state === "reasoning"
      ? { reasoning: pending, text: "" }
      : { reasoning: "", text: this.#state === "blank" ? "" : pending };
  }

  #readStart(): void {
    const found = OPENING.exec(this.#pending);
    if (found) {
      this.#state = "reasoning";
      this.#tag = found[1]!;
      this.#pending = this.#pending.slice(found[0].length);
    } else if (!UNDECIDED.test(this.#pending)) this.#state = "text";
  }

  #takeReasoning(): string {
    const closing = new RegExp(`</${this.#tag}>`, "i").exec(this.#pending);
    if (closing) {
      this.#state = "blank";
      return this.#take(closing.index, closing.index + closing[0].length);
    }
    const end = this.#pending.search(MAYBE_CLOSING);
    return end < 0 ? this.#take(this.#pending.length) : this.#take(end);
  }

  #takeText(): string {
    if (this.#state === "blank") {
      this.#pending = this.#pending.trimStart();
      if (this.#pending !== "") this.#state = "text";
    }
    return this.#state === "text" ? this.#take(this.#pending.length) : "";
  }

  /** Removes the pending output up to `next`; returns the part before `end`. */
  #take(end: number, next = end): string {
    const taken = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(next);
    return taken;
  }
}
