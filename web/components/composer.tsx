import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { findDraft, keepDraft } from "../conversation/drafts";
import { strings } from "../text/strings";

type ComposerProps = {
  thread_id: string;
  /** A question that returns to the box because it was not sent. */
  unsent: string | undefined;
  isRunning: boolean;
  placeholder: string;
  onAsk: (text: string) => void;
  onStop: () => void;
};

export function Composer(props: ComposerProps) {
  const { thread_id, unsent, isRunning, placeholder, onAsk, onStop } = props;
  const [text, setShown] = useState(() => findDraft(thread_id));
  const setText = (typed: string) => {
    keepDraft(thread_id, typed);
    setShown(typed);
  };
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (unsent !== undefined) setText(findDraft(thread_id) || unsent);
  }, [unsent]);
  // A keyboard on the screen would cover the page, so phones get no focus.
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) box.current?.focus();
  }, []);
  const submit = () => {
    const question = text.trim();
    if (question === "" || isRunning) return;
    setText("");
    onAsk(question);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      id="ask"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={box}
        id="question"
        rows={2}
        dir="auto"
        aria-label={strings.question}
        placeholder={placeholder}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {isRunning ? (
        <button type="button" onClick={onStop}>
          {strings.stop}
        </button>
      ) : (
        <button type="submit">{strings.ask}</button>
      )}
    </form>
  );
}
