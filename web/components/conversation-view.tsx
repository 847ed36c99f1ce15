import { useCallback, useEffect, useRef, useState } from "react";
import { findCited } from "../conversation/cited";
import type { Conversation } from "../conversation/conversation";
import type { ConversationState } from "../conversation/conversation-store";
import type { Exchange, Reference } from "../conversation/exchange";
import { strings } from "../text/strings";
import { Composer } from "./composer";
import { Connection } from "./connection";
import { ExchangeView, loadMarkdown } from "./exchange-view";
import { FirstQuestions } from "./first-questions";
import { useFollow } from "./use-follow";

/** The pause before the reader of Markdown is loaded without an answer, in milliseconds. */
const PRELOAD_MS = 500;

type ConversationViewProps = {
  conversation: Conversation;
  state: ConversationState;
  writesAnswers: boolean;
  hasPosition: boolean;
  onOpen: (reference: Reference) => boolean;
};

export function ConversationView(props: ConversationViewProps) {
  const { conversation, state, writesAnswers, hasPosition, onOpen } = props;
  const { status, exchanges, references, unsent, unreadReason } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const { isAway, follow } = useFollow(scroller, state);
  // The same function for each render: exchanges that do not change are not rendered again.
  const ask = useCallback(
    (text: string) => {
      follow();
      void conversation.ask(text);
    },
    [conversation, follow],
  );
  const last = exchanges.at(-1);
  // Before an answer needs it, and after all that the page shows first. The answer shows a failure.
  useEffect(() => {
    const timer = setTimeout(() => loadMarkdown().catch(() => {}), PRELOAD_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main className="conversation" aria-label={strings.conversation}>
      <div className="scroller" ref={scroller} id="thread">
        <div>
          {status === "loading" && <p className="note">{strings.loading}</p>}
          {status === "missing" && <p className="problem">{strings.conversationMissing}</p>}
          {status === "unread" && unreadReason !== undefined && (
            <p className="problem" role="alert">
              {unreadReason}{" "}
              <button type="button" className="link" onClick={() => void conversation.restore()}>
                {strings.tryAgain}
              </button>
            </p>
          )}
          {exchanges.length === 0 && status === "ready" && (
            <FirstQuestions course_id={conversation.options.course_id} onAsk={ask} />
          )}
          {exchanges.map((exchange) => (
            <ExchangeView
              key={exchange.id}
              exchange={exchange}
              references={references}
              isLast={exchange === last}
              isBusy={status === "running"}
              writesAnswers={writesAnswers}
              conversation={conversation}
              onOpen={onOpen}
              onAsk={ask}
            />
          ))}
        </div>
      </div>
      {isAway && status === "running" && (
        <button type="button" className="follow" onClick={follow}>
          ↓ {strings.newText}
        </button>
      )}
      {unsent !== undefined && <Connection onBack={() => conversation.takeUnsent()} />}
      {status === "unread" && unreadReason === undefined && (
        <Connection onBack={() => void conversation.restore()} />
      )}
      {hasPosition && <p className="note position">{strings.askAbout}</p>}
      <Composer
        thread_id={conversation.options.thread_id}
        unsent={unsent}
        isRunning={status === "running"}
        placeholder={writesAnswers ? strings.askPlaceholder : strings.searchPlaceholder}
        onAsk={ask}
        onStop={() => conversation.stop()}
      />
      <Announcement state={state} />
    </main>
  );
}

/** A problem is an alert already, so it is not announced again. */
function announce(last: Exchange, references: ReadonlyMap<number, Reference>): string {
  if (last.status === "failed" || last.problem) return "";
  if (last.status === "stopped") return strings.stopped;
  return strings.answerReady(findCited(last, references).length);
}

/** One short message for screen readers when an answer ends. */
function Announcement({ state }: { state: ConversationState }) {
  const { status, exchanges, references, unsent } = state;
  const [text, setText] = useState("");
  const wasRunning = useRef(false);
  useEffect(() => {
    const isRunning = status === "running";
    const last = exchanges.at(-1);
    const isSent = unsent === undefined;
    if (wasRunning.current && !isRunning && last && isSent) setText(announce(last, references));
    if (isRunning) setText("");
    wasRunning.current = isRunning;
  }, [status, exchanges, references, unsent]);
  return (
    <p className="hidden" role="status">
      {text}
    </p>
  );
}
