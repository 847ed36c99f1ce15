import { describe, expect, test } from "bun:test";
import { isStepCount, type ModelMessage, streamText, tool } from "ai";
import { z } from "zod";
import { SearchInput } from "../../../src/chat/agent/tools";
import { SEARCH_TOOLS, type ToolPassage } from "../../../src/providers/chat/chat-model";
import { openExtractiveAnswerer } from "../../../src/providers/local/extractive-answerer";
import { OpenAI } from "../../../src/providers/openai";
import { startOpenAI } from "../../support/openai";

const provider = startOpenAI();
const embedder = new OpenAI({ baseUrl: provider.url }).embedder("bag-of-words");
const { model } = openExtractiveAnswerer(embedder);

const slide: ToolPassage = {
  number: 1,
  title: "Thermodynamics",
  source: "slides",
  content:
    "Entropy\nEntropy measures the missing information about a state. Heat flows from hot to cold [12].\nThe exam takes two hours.",
  page_number: 4,
};
const lecture: ToolPassage = {
  number: 2,
  title: "Lecture 3",
  source: "lectures",
  content: "so let us begin. The entropy of a closed system never decreases, as Clausius found.",
  start_ms: 3_754_000,
};

/** Asks, with search tools that find these passages, and gives the whole stream back. */
async function ask(
  messages: ModelMessage[],
  found: { slides?: ToolPassage[]; lectures?: ToolPassage[]; covered?: boolean } | Error,
  abortSignal = AbortSignal.timeout(60_000),
) {
  const queries: string[] = [];
  const search = (source: "slides" | "lectures") =>
    tool({
      inputSchema: z.object({ query: z.string() }),
      execute: ({ query }) => {
        queries.push(query);
        if (found instanceof Error) throw found;
        const { covered } = found;
        return { passages: found[source] ?? [], ...(covered !== undefined && { covered }) };
      },
    });
  const result = streamText({
    model,
    messages,
    instructions: "Answer from the course. Ignore entropy.",
    tools: {
      [SEARCH_TOOLS.slides]: search("slides"),
      [SEARCH_TOOLS.lectures]: search("lectures"),
      delete_course: tool({ inputSchema: z.object({}) }),
    },
    stopWhen: isStepCount(4),
    abortSignal,
  });
  const parts = await Array.fromAsync(result.stream);
  const text = parts.flatMap((part) => (part.type === "text-delta" ? part.text : [])).join("");
  return { parts, queries, text };
}

const user = (content: string): ModelMessage => ({ role: "user", content });
const assistant = (content: string): ModelMessage => ({ role: "assistant", content });

describe("the extractive answerer", () => {
  test("searches both sources with the question, then quotes sentences with their marks", async () => {
    const question = "What does entropy measure?";
    const { queries, text } = await ask([user(question)], { slides: [slide], lectures: [lecture] });
    const [label, best, ...others] = text.split("\n\n");

    expect(queries).toEqual([question, question]);
    expect(label).toBe("These are extracts from the course, not a written answer.");
    expect(best).toBe("> Entropy measures the missing information about a state. [1]");
    expect(others).toEqual([
      "> The entropy of a closed system never decreases, as Clausius found. [2]",
    ]);
  });

  test("understands a sentence by the heading above it, and quotes the sentence alone", async () => {
    const content = "Shannon entropy\nH(X) measures the average surprise of a source.";
    const { text } = await ask([user("What is Shannon entropy?")], {
      slides: [{ ...slide, content }],
    });

    expect(text).toEndWith("\n\n> H(X) measures the average surprise of a source. [1]");
  });

  test("quotes a sentence over two lines whole, and before the heading that repeats it", async () => {
    const content =
      "Codes and entropy\n\nNo code beats the entropy, and\nHuffman comes close to it.";
    const { text } = await ask([user("Do codes beat entropy?")], {
      slides: [{ ...slide, content }],
    });

    expect(text).toContain(
      "course, not a written answer.\n\n> No code beats the entropy, and Huffman comes close to it. [1]",
    );
  });

  test("streams its words one by one", async () => {
    const { parts, text } = await ask([user("What is entropy?")], { slides: [slide] });

    expect(parts.filter(({ type }) => type === "text-delta")).toHaveLength(
      text.split(/\s+/).length,
    );
  });

  test("does not let a reference on a slide pass for a citation", async () => {
    const { text } = await ask([user("Where does heat flow?")], { slides: [slide] });

    expect(text).toContain("> Heat flows from hot to cold \\[12\\]. [1]");
  });

  test("names the nearest moments when nothing answers the question", async () => {
    const found = { slides: [slide], lectures: [lecture] };
    const { text } = await ask([user("Who won the football championship?")], found);

    expect(text).toStartWith("I found nothing in the course that clearly answers this.");
    expect(text).toContain("- Thermodynamics, page 4 [1]\n- Lecture 3, 1:02:34 [2]");
    expect(text).not.toContain(">");
  });

  test("quotes nothing when no search found enough words of the question", async () => {
    const { text } = await ask([user("What does entropy measure?")], {
      slides: [slide],
      covered: false,
    });

    expect(text).toStartWith("I found nothing in the course that clearly answers this.");
    expect(text).toContain("- Thermodynamics, page 4 [1]");
  });

  // biome-ignore format: a table reads best as a table
  test.each([
    ["What is the density of copper?", "Metal density\n\nIron\t7.87\n\nCopper\t8.96", "Copper 8.96"],
    ["When is the exam?", "Dates\n\nExam: 12 July\n\nHoliday: 3 May", "Exam: 12 July"],
    ["Wann ist die Prüfung?", "Termine\n\nPrüfung: 12. Juli", "Prüfung: 12. Juli"],
    ["什么是信息熵？", "信息论\n信息熵是随机变量不确定性的度量。", "信息熵是随机变量不确定性的度量。"],
    ["엔트로피란 무엇인가요?", "정보\n엔트로피는 불확실성을 재는 척도입니다.", "엔트로피는 불확실성을 재는 척도입니다."],
    ["What is TCP?", "Networks\nThe TCP/IP stack connects all clients.", "The TCP/IP stack connects all clients."],
  ])("answers %j from a row, a short line or another script", async (question, content, quote) => {
    const { text } = await ask([user(question)], { slides: [{ ...slide, content }] });

    expect(text.split("\n\n")[1]).toBe(`> ${quote} [1]`);
  });

  test("does not take a question of the same form for one about the same thing", async () => {
    const content = "What is entropy, and how is it measured?\nIt is an average of surprises.";
    const { text } = await ask([user("What is DNA?")], { slides: [{ ...slide, content }] });

    expect(text).toStartWith("I found nothing in the course that clearly answers this.");
  });

  test("says so when the search finds nothing, and when it fails", async () => {
    const nothing = await ask([user("What is entropy?")], {});
    const failed = await ask([user("What is entropy?")], new Error("database down"));

    expect(nothing.text).toBe("I found nothing about this in the course.");
    expect(failed.text).toBe("The course could not be searched at the moment. Please ask again.");
  });

  // biome-ignore format: a table reads best as a table
  test.each([
    ["And why?",          "And why? entropy measure"],
    ["What about gases?", "What about gases? entropy measure"],
    ["What is heat?",     "What is heat?"],
  ])("asked %j next, it searches anew for %j", async (next, query) => {
    const earlier = [user("What does entropy measure?"), assistant("> Quoted. [1]")];
    const { queries } = await ask([...earlier, user(next)], { slides: [slide] });

    expect(queries[0]).toBe(query);
  });

  test("searches the beginning of a question that is longer than a search takes", async () => {
    const { queries } = await ask([user(`What is heat? ${"pasted ".repeat(2_000)}`)], {});

    expect(queries[0]!).toStartWith("What is heat? pasted");
    expect(SearchInput.safeParse({ query: queries[0] }).success).toBe(true);
  });

  test("quotes a stretch of speech without punctuation instead of all of it", async () => {
    const speech = `${"um and then ".repeat(60)} the entropy of mixing is positive for ideal gases`;
    const { text } = await ask([user("Is the entropy of mixing positive?")], {
      lectures: [{ ...lecture, content: speech }],
    });
    const [quote] = text.match(/(?<=> ).*(?= \[2\])/) ?? [];

    expect(quote!.split(" ").length).toBeLessThanOrEqual(45);
    expect(speech.replace(/\s+/g, " ")).toContain(quote!);
  });

  test("quotes the same sentence of two neighbouring chunks once", async () => {
    const { text } = await ask([user("What does entropy measure?")], {
      slides: [slide, { ...slide, number: 3 }],
    });

    expect(text.match(/missing information/g)).toHaveLength(1);
    expect(text).toContain("[1]");
  });

  test("stops when the reader aborts", async () => {
    const reader = new AbortController();
    const result = streamText({
      model,
      messages: [user("What is entropy?")],
      tools: {
        [SEARCH_TOOLS.slides]: tool({
          inputSchema: z.object({ query: z.string() }),
          execute: () => ({ passages: [slide] }),
        }),
      },
      stopWhen: isStepCount(4),
      abortSignal: reader.signal,
    });

    const types: string[] = [];
    for await (const part of result.stream) {
      types.push(part.type);
      if (part.type === "text-delta") reader.abort();
    }

    expect(types.at(-1)).toBe("abort");
    expect(types.filter((type) => type === "text-delta").length).toBeLessThan(5);
  });

  test("asks for a question when there is none", async () => {
    const result = streamText({ model, prompt: " " });

    expect(await result.text).toBe(
      "Write a question, and I will look for its answer in the course.",
    );
  });

  test("offers nothing it was not given tools for", async () => {
    const result = streamText({ model, prompt: "What is entropy?" });

    expect(await result.text).toBe("The course cannot be searched: no search tool is available.");
  });
});
