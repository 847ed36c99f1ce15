"use client";

import {
  CopilotChatAssistantMessage,
  type CopilotChatAssistantMessageProps,
  useAgent,
  useCopilotKit,
} from "@copilotkit/react-core/v2";
import { type ComponentProps, useContext, useMemo } from "react";
import { citationsOf, linkCitations, placeOf } from "./citations";
import { isPlace, SourceContext } from "./source-viewer";

/** An answer whose citation marks are chips, and whose thumbs are stored with the answer. */
function AnswerMessage(props: CopilotChatAssistantMessageProps) {
  const { message } = props;
  const open = useContext(SourceContext);
  const { agent } = useAgent();
  const { copilotkit } = useCopilotKit();
  // Citations arrive after the text. CopilotKit does not render a message again for them, but `useAgent` does.
  const current = agent.messages.find(({ id }) => id === message.id) ?? message;
  const { metadata } = current as { metadata?: unknown };
  const citations = useMemo(() => citationsOf({ metadata }), [metadata]);
  const content = linkCitations(message.content ?? "", citations);
  const components = useMemo(() => {
    const Chip = ({ children, href }: ComponentProps<"a">) => {
      const number = Number(/^\[(\d+)\]$/.exec(String(children))?.[1]);
      const citation = citations.find((candidate) => candidate.number === number);
      if (!citation || !isPlace(citation)) {
        return (
          <a href={href} target="_blank" rel="noreferrer">
            {children}
          </a>
        );
      }
      const className = `citation ${citation.unsupported ? "citation-unsupported" : ""}`;
      const title = `${placeOf(citation)}\n${citation.quote}`;
      return (
        <button type="button" className={className} title={title} onClick={() => open(citation)}>
          {number}
        </button>
      );
    };
    return { a: Chip };
  }, [citations, open]);

  /** Cuts the history back to the question; Lectern keeps the former answer as a branch. */
  const regenerate = () => {
    const before = agent.messages.slice(0, agent.messages.indexOf(current));
    const question = before.findLastIndex(({ role }) => role === "user");
    agent.setMessages(before.slice(0, question + 1));
    void copilotkit.runAgent({ agent });
  };

  return (
    <CopilotChatAssistantMessage
      {...props}
      markdownRenderer={{ content, components }}
      onThumbsUp={() => rate(message.id, "up")}
      onThumbsDown={() => rate(message.id, "down")}
      onRegenerate={regenerate}
    />
  );
}

/** CopilotKit's parts of a message, so that this component can replace the default one. */
export const Answer = Object.assign(AnswerMessage, CopilotChatAssistantMessage);

async function rate(messageId: string, rating: "up" | "down"): Promise<void> {
  const response = await fetch(`/api/lectern/chat/messages/${messageId}/feedback`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rating }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`The rating was not stored: ${await response.text()}`);
}
