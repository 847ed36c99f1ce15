"use client";

import {
  useAgent,
  useFrontendTool,
  useHumanInTheLoop,
  useInterrupt,
} from "@copilotkit/react-core/v2";
import { useContext, useRef, useState } from "react";
import { z } from "zod";
import { type Citation, placeOf } from "./citations";
import { isPlace, SourceContext } from "./source-viewer";

/** What the model can do on this page. */
export function Tools() {
  const open = useContext(SourceContext);
  const { agent } = useAgent();
  const latest = useRef(agent);
  latest.current = agent;

  // A frontend tool: Lectern adds the place of the citation to the model's number.
  useFrontendTool({
    name: "show_source",
    description: "Opens a cited source beside the chat.",
    parameters: z.object({ citation: z.number() }).passthrough(),
    handler: async (source) => {
      const { references = [] } = latest.current.state as { references?: Citation[] };
      const passage = references.find(({ number }) => number === source.citation);
      const place = { title: null, quote: "", ...passage, ...source, number: source.citation };
      if (!isPlace(place)) return { applied: false };
      open(place);
      return { applied: true, at: placeOf(place) };
    },
  });

  // Human in the loop: the tool returns what the user decides.
  useHumanInTheLoop({
    name: "save_note",
    description: "Saves a note about the course, after the user agrees.",
    parameters: z.object({ text: z.string() }),
    render: ({ args, respond, result }) => (
      <div className="card">
        <p>Save this note? {args.text}</p>
        {respond && (
          <>
            <button type="button" onClick={() => respond(saveNote(args.text))}>
              Save
            </button>
            <button type="button" onClick={() => respond("The user refused.")}>
              Do not save
            </button>
          </>
        )}
        {result && <p>{result}</p>}
      </div>
    ),
  });

  // An interrupt: the model asks the user a question before it answers.
  useInterrupt({
    render: ({ interrupt, resolve, cancel }) => (
      <Question
        text={interrupt?.message ?? "Which one?"}
        options={optionsOf(interrupt?.responseSchema)}
        reply={(answer) => void resolve({ answer })}
        cancel={() => void cancel()}
      />
    ),
  });
  return null;
}

type QuestionProps = {
  text: string;
  options: string[];
  reply: (answer: string) => void;
  cancel: () => void;
};

function Question({ text, options, reply, cancel }: QuestionProps) {
  const [answer, setAnswer] = useState("");
  return (
    <form className="card" aria-label="Question" action={() => reply(answer)}>
      <p>{text}</p>
      {options.map((option) => (
        <button key={option} type="button" onClick={() => reply(option)}>
          {option}
        </button>
      ))}
      {options.length === 0 && (
        <>
          <input
            aria-label={text}
            value={answer}
            onChange={(event) => setAnswer(event.target.value)}
          />
          <button type="submit">Reply</button>
        </>
      )}
      <button type="button" onClick={cancel}>
        Skip
      </button>
    </form>
  );
}

/** The replies to choose from; empty: any text. */
function optionsOf(schema: unknown): string[] {
  const { properties } = (schema ?? {}) as { properties?: { answer?: { enum?: string[] } } };
  return properties?.answer?.enum ?? [];
}

function saveNote(text: string): string {
  const notes: string[] = JSON.parse(localStorage.getItem("notes") ?? "[]");
  localStorage.setItem("notes", JSON.stringify([...notes, text]));
  return "The note was saved.";
}
