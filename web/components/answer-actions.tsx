import { dataOf, type NewFeedback } from "@lectern/client";
import { useState } from "react";
import type { Conversation } from "../conversation/conversation";
import type { Exchange, Reference } from "../conversation/exchange";
import { toReachableUrl } from "../server/base-url";
import { lectern, reasonOf } from "../server/client";
import { isShared } from "../server/credential";
import { strings } from "../text/strings";
import { useCopy } from "./copy-text";
import { placeName } from "./place";

type AnswerActionsProps = {
  exchange: Exchange;
  references: Reference[];
  isBusy: boolean;
  conversation: Conversation;
};

type FeedbackReason = NonNullable<NewFeedback["reason"]>;

const REASONS: FeedbackReason[] = [
  "wrong",
  "incomplete",
  "not_in_course",
  "wrong_citation",
  "unclear",
  "other",
];

/** Copy, regenerate, rate and export. */
export function AnswerActions({ exchange, references, isBusy, conversation }: AnswerActionsProps) {
  const { label, copy } = useCopy(strings.copy);
  const [rating, setRating] = useState<"up" | "down">();
  const message = exchange.parts.at(-1);
  const [reason, setReason] = useState<FeedbackReason>();
  const [problem, setProblem] = useState<string>();
  const attempt = (work: Promise<void>) =>
    work.then(
      () => setProblem(undefined),
      (error: unknown) => setProblem(reasonOf(error)),
    );
  const rate = async (next: "up" | "down", why?: FeedbackReason) => {
    if (!message) return;
    const params = { path: { id: message.id } };
    const body = { rating: next, ...(why && { reason: why }) };
    await dataOf(lectern.POST("/api/chat/messages/{id}/feedback", { params, body }));
    setRating(next);
    setReason(why);
  };
  return (
    <div className="actions">
      {message && (
        <button
          type="button"
          className="quiet"
          onClick={() => void copy(toMarkdown(exchange, references))}
        >
          {label}
        </button>
      )}
      <button
        type="button"
        className="quiet"
        disabled={isBusy}
        onClick={() => void conversation.regenerate(exchange.id)}
      >
        {strings.regenerate}
      </button>
      {message && exchange.status === "complete" && (
        <>
          <button
            type="button"
            className="quiet icon"
            aria-pressed={rating === "up"}
            aria-label={strings.helpful}
            title={strings.helpful}
            onClick={() => void attempt(rate("up"))}
          >
            ▲
          </button>
          <button
            type="button"
            className="quiet icon"
            aria-pressed={rating === "down"}
            aria-label={strings.notHelpful}
            title={strings.notHelpful}
            onClick={() => void attempt(rate("down"))}
          >
            ▼
          </button>
          {!isShared() && (
            <button
              type="button"
              className="quiet"
              onClick={() => void attempt(exportThread(conversation.options.thread_id))}
            >
              {strings.export}
            </button>
          )}
          {rating && <small role="status">{strings.thanks}</small>}
          {rating === "down" && (
            <fieldset className="reasons" ref={showWhole}>
              <legend>{strings.whatIsWrong}</legend>
              {REASONS.map((one) => (
                <button
                  key={one}
                  type="button"
                  className="quiet"
                  aria-pressed={reason === one}
                  onClick={() => void attempt(rate("down", one))}
                >
                  {strings.feedbackReasons[one]}
                </button>
              ))}
            </fieldset>
          )}
        </>
      )}
      {problem && (
        <small className="problem" role="alert">
          {problem}
        </small>
      )}
    </div>
  );
}

/** Scrolls to the questions that a rating opens: they can be below the edge. */
const showWhole = (element: HTMLElement | null): void =>
  element?.scrollIntoView({ block: "nearest" });

/** The answer with its sources, for other programs. */
function toMarkdown({ parts }: Exchange, references: Reference[]): string {
  const text = parts.map((part) => part.text).join("\n\n");
  const sources = references.map((reference) => {
    const name = `${reference.title ?? strings.untitled}, ${placeName(reference)}`;
    const url = reference.url && toReachableUrl(reference.url);
    return `${reference.number}. ${url ? `[${name}](${url})` : name}`;
  });
  return sources.length > 0 ? `${text}\n\n${sources.join("\n")}\n` : text;
}

async function exportThread(id: string): Promise<void> {
  const params = { path: { id } };
  const markdown = await dataOf(
    lectern.GET("/api/chat/sessions/{id}/export", { params, parseAs: "blob" }),
  );
  const url = URL.createObjectURL(markdown);
  const link = document.createElement("a");
  link.href = url;
  link.download = `conversation-${id}.md`;
  link.click();
  URL.revokeObjectURL(url);
}
