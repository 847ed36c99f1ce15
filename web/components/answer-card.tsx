import { useCallback, useState } from "react";
import { beginThreadWith } from "../conversation/carried";
import type { Reference } from "../conversation/exchange";
import { useConversation } from "../conversation/use-conversation";
import { navigate } from "../route/use-route";
import { strings } from "../text/strings";
import { ExchangeView } from "./exchange-view";
import { toPlace } from "./place";

type FoundCourse = { id: string; name: string };
type AnswerCardProps = {
  question: string;
  /** Best first, at least one. */
  courses: FoundCourse[];
  writesAnswers: boolean;
};

/**
 * Offers an answer from one course, beside the passages of all. It is written after a click, because a
 * search is free and an answer is not.
 */
export function AnswerCard({ question, courses, writesAnswers }: AnswerCardProps) {
  const [chosen, setChosen] = useState(courses[0]!.id);
  const [isAsked, setAsked] = useState(false);
  if (isAsked) return <Answer question={question} course_id={chosen} />;
  return (
    <section className="card answer-card" aria-label={strings.answer}>
      <div className="row">
        <select
          aria-label={strings.course}
          value={chosen}
          onChange={(event) => setChosen(event.target.value)}
        >
          {courses.map(({ id, name }) => (
            <option key={id} value={id} dir="auto">
              {name}
            </option>
          ))}
        </select>
        {writesAnswers && (
          <button type="button" onClick={() => setAsked(true)}>
            {strings.writeAnswer}
          </button>
        )}
        <button
          type="button"
          className="quiet"
          onClick={() =>
            navigate({ view: "course", course: chosen, thread: beginThreadWith({ question }) })
          }
        >
          {strings.continueInChat}
        </button>
      </div>
      {!writesAnswers && <p className="note">{strings.keyless}</p>}
    </section>
  );
}

/** The answer while it is written. It is a conversation of the course, so the chat can continue it. */
function Answer({ question, course_id }: { question: string; course_id: string }) {
  const [thread] = useState(() => beginThreadWith({ question }));
  const open = useCallback(
    (reference: Reference) => {
      const source = toPlace(reference);
      if (source) navigate({ view: "course", course: course_id, thread, source });
      return source !== undefined;
    },
    [course_id, thread],
  );
  const { conversation, state } = useConversation({
    course_id,
    thread_id: thread,
    position: () => undefined,
    showSource: () => false,
  });
  const [exchange] = state.exchanges;
  return (
    <section className="card answer-card" aria-label={strings.answer}>
      {exchange && (
        <ExchangeView
          exchange={exchange}
          references={state.references}
          isLast
          isBusy={state.status === "running"}
          writesAnswers
          conversation={conversation}
          onOpen={open}
          onAsk={(text) =>
            navigate({
              view: "course",
              course: course_id,
              thread: beginThreadWith({ question: text }),
            })
          }
        />
      )}
      {state.status === "running" ? (
        <button type="button" onClick={() => conversation.stop()}>
          {strings.stop}
        </button>
      ) : (
        <button
          type="button"
          className="quiet"
          onClick={() => navigate({ view: "course", course: course_id, thread })}
        >
          {strings.continueInChat}
        </button>
      )}
    </section>
  );
}
