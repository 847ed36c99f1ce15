import {
  lazy,
  memo,
  type ReactNode,
  Suspense,
  useCallback,
  useEffect,
  useRef,
  useState,
} from "react";
import type { UnsupportedSentence } from "../../src/chat/citations/check";
import { findCited } from "../conversation/cited";
import type { Conversation } from "../conversation/conversation";
import type { Exchange, Reference } from "../conversation/exchange";
import { strings } from "../text/strings";
import { AnswerActions } from "./answer-actions";
import { Citation } from "./citation";
import { FaultBoundary } from "./fault-boundary";
import { ResultCards } from "./result-cards";
import { SourceList } from "./source-list";
import { Suggestions } from "./suggestions";

/** The reader of Markdown, which a page without an answer does not need yet. */
export const loadMarkdown = () => import("../markdown/markdown");
const Markdown = lazy(async () => ({ default: (await loadMarkdown()).Markdown }));

type ExchangeViewProps = {
  exchange: Exchange;
  references: ReadonlyMap<number, Reference>;
  isLast: boolean;
  isBusy: boolean;
  writesAnswers: boolean;
  conversation: Conversation;
  onOpen: (reference: Reference) => boolean;
  onAsk: (text: string) => void;
};

/** The texts of an answer as they are, without Markdown. */
const Written = ({ parts }: Pick<Exchange, "parts">) =>
  parts.map(({ id, text }) => (
    <p key={id} dir="auto">
      {text}
    </p>
  ));

/** A question with its answer. */
export const ExchangeView = memo(function ExchangeView(props: ExchangeViewProps) {
  const { exchange, references, isLast, isBusy, writesAnswers, conversation, onOpen, onAsk } =
    props;
  const { parts, status, problem, asked, suggestions } = exchange;
  const isRunning = status === "running";
  // Not for each word of an answer: its whole text is searched.
  const cited = isRunning && writesAnswers ? [] : findCited(exchange, references);
  const isReconnecting = exchange.activity === "reconnecting";
  const isIncomplete = status === "stopped" || (status === "failed" && parts.length > 0);
  const canFinish = isIncomplete && isLast && !asked;
  const heading = `question-${exchange.id}`;
  const renderMark = useCallback(
    (number: number, text: string): ReactNode | undefined => {
      const reference = references.get(number);
      if (!reference?.url) return undefined;
      return <Citation reference={reference} text={text} onOpen={onOpen} />;
    },
    [references, onOpen],
  );
  // Until the reader of Markdown is there, and where it cannot be loaded.
  const written = <Written parts={parts} />;
  return (
    <article className="exchange" aria-labelledby={heading}>
      <Question
        id={heading}
        text={exchange.question}
        canEdit={!isBusy}
        onEdit={(text) => void conversation.edit(exchange.id, text)}
      />
      {!writesAnswers && cited.length > 0 ? (
        <ResultCards references={cited} onOpen={onOpen} />
      ) : (
        <>
          <div className="answer" aria-busy={isRunning}>
            <FaultBoundary fallback={written}>
              <Suspense fallback={written}>
                {parts.map((part) => (
                  <Markdown
                    key={part.id}
                    text={part.text}
                    isGrowing={isRunning && part === parts.at(-1)}
                    unsupported={part.unsupported}
                    renderMark={renderMark}
                    renderUnsupported={renderUnsupported}
                  />
                ))}
              </Suspense>
            </FaultBoundary>
          </div>
          {!isRunning && <SourceList references={cited} onOpen={onOpen} />}
        </>
      )}
      {isRunning && (isReconnecting || parts.every(({ text }) => text === "")) && (
        <Activity exchange={exchange} />
      )}
      {asked && (
        <Asked message={asked.message} choices={isLast ? asked.choices : []} onChoose={onAsk} />
      )}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {canFinish && (
        <p className="note">
          {strings.interrupted}{" "}
          <button type="button" className="link" onClick={() => void conversation.finish()}>
            {strings.finishAnswer}
          </button>
        </p>
      )}
      {!isRunning && (
        <AnswerActions
          exchange={exchange}
          references={cited}
          isBusy={isBusy}
          conversation={conversation}
        />
      )}
      {isLast && !isRunning && suggestions.length > 0 && (
        <Suggestions questions={suggestions} label={strings.follow} onAsk={onAsk} />
      )}
    </article>
  );
});

/** A sentence that the check flags. The check does not notice negations, swapped subjects or names. */
function renderUnsupported(
  { reason, start }: UnsupportedSentence,
  children: ReactNode,
  isEnd: boolean,
): ReactNode {
  return (
    <span className="unsupported" key={start}>
      {children}
      {isEnd && <small> ({strings.reasons[reason]})</small>}
    </span>
  );
}

type QuestionProps = { id: string; text: string; canEdit: boolean; onEdit: (text: string) => void };

function Question({ id, text, canEdit, onEdit }: QuestionProps) {
  const [draft, setDraft] = useState<string>();
  const isEdited = useRef(false);
  /** Returns the focus from the box to the button. */
  const edit = useCallback((button: HTMLButtonElement | null) => {
    if (!button) return;
    if (isEdited.current) button.focus();
    isEdited.current = false;
  }, []);
  if (draft !== undefined) {
    return (
      <form
        className="user editing"
        onSubmit={(event) => {
          event.preventDefault();
          isEdited.current = false;
          setDraft(undefined);
          if (draft.trim() !== "") onEdit(draft.trim());
        }}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || event.nativeEvent.isComposing) return;
          event.preventDefault();
          setDraft(undefined);
        }}
      >
        <textarea
          aria-label={strings.edit}
          dir="auto"
          value={draft}
          // biome-ignore lint/a11y/noAutofocus: the reader has just asked to edit
          autoFocus
          onChange={(event) => setDraft(event.target.value)}
        />
        <button type="submit">{strings.save}</button>
        <button type="button" className="quiet" onClick={() => setDraft(undefined)}>
          {strings.cancel}
        </button>
      </form>
    );
  }
  return (
    <div className="asked-line">
      {canEdit && (
        <button
          ref={edit}
          type="button"
          className="quiet icon edit"
          aria-label={strings.edit}
          title={strings.edit}
          onClick={() => {
            isEdited.current = true;
            setDraft(text);
          }}
        >
          ✎
        </button>
      )}
      <h2 className="user" id={id} dir="auto">
        {text}
      </h2>
    </div>
  );
}

/** Waiting times are shown from this on, in seconds. */
const SLOW_S = 5;
const VERY_SLOW_S = 20;

function Activity({ exchange: { activity, started } }: { exchange: Exchange }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - started) / 1_000));
  const what = activity === undefined ? strings.thinking : (strings.activity[activity] ?? activity);
  return (
    <p className="note working">
      {what}…{seconds >= SLOW_S && ` ${seconds} s`}
      {seconds >= VERY_SLOW_S && ` ${strings.stillWaiting}`}
    </p>
  );
}

type AskedProps = { message: string; choices: string[]; onChoose: (text: string) => void };

/** The question of the model to the reader. */
function Asked({ message, choices, onChoose }: AskedProps) {
  return (
    <div className="asked">
      <p dir="auto">{message}</p>
      {choices.map((choice) => (
        <button type="button" key={choice} onClick={() => onChoose(choice)} dir="auto">
          {choice}
        </button>
      ))}
    </div>
  );
}
