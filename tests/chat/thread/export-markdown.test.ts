import { expect, test } from "bun:test";
import { toMarkdown } from "../../../src/chat/thread/export-markdown";

const created_at = "2026-02-03T04:05:06.000Z";

test("a conversation is kept with the sources of each answer", () => {
  const slide = {
    number: 1,
    title: "Entropy [draft]",
    page_number: 4,
    url: "/api/documents/d/file#page=4",
  };
  const speech = { number: 2, title: null, start_ms: 3_723_000, url: null };
  const markdown = toMarkdown(
    {
      session_label: "Entropy",
      messages: [
        { role: "user", content: "What is it?", citations: [], created_at },
        { role: "assistant", content: "", citations: [], created_at },
        { role: "assistant", content: "A measure [1][2].", citations: [slide, speech], created_at },
      ],
    },
    "https://lectern.example",
  );

  expect(markdown).toBe(`# Entropy

## Question, ${created_at}

What is it?

## Answer, ${created_at}

A measure [1][2].

- [1] [Entropy  draft , page 4](https://lectern.example/api/documents/d/file#page=4)
- [2] Untitled, 1:02:03
`);
});
