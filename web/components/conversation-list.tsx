import { type FormEvent, useCallback, useRef, useState } from "react";
import { beginThread, type KnownThread } from "../conversation/history";
import { useThreads } from "../conversation/use-threads";
import type { Caller } from "../server/courses";
import { strings } from "../text/strings";

type ConversationListProps = {
  course_id: string;
  thread: string;
  caller: Caller | undefined;
  onOpen: (thread: string) => void;
};

/** The conversations of the reader in a course: open, rename, delete. */
export function ConversationList({ course_id, thread, caller, onOpen }: ConversationListProps) {
  const { threads, canShowAll, showAll, rename, remove, problem } = useThreads(course_id, caller);
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        {strings.conversations}
      </h2>
      <button type="button" className="quiet" onClick={() => onOpen(beginThread())}>
        + {strings.newConversation}
      </button>
      <ul className="threads">
        {threads.map((one) => (
          <ThreadRow
            key={one.id}
            thread={one}
            isCurrent={one.id === thread}
            onOpen={() => onOpen(one.id)}
            onRename={(title) => rename(one.id, title)}
            onRemove={async () => {
              if (!(await remove(one.id))) return;
              // The focused button disappears with its row.
              heading.current?.focus();
              if (one.id === thread) onOpen(beginThread());
            }}
          />
        ))}
      </ul>
      {canShowAll && (
        <button type="button" className="link" onClick={showAll}>
          {strings.otherConversations}
        </button>
      )}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

type ThreadRowProps = {
  thread: KnownThread;
  isCurrent: boolean;
  onOpen: () => void;
  onRename: (title: string) => Promise<unknown>;
  onRemove: () => Promise<void>;
};

function ThreadRow({ thread, isCurrent, onOpen, onRename, onRemove }: ThreadRowProps) {
  const { title } = thread;
  const [draft, setDraft] = useState<string>();
  const isEdited = useRef(false);
  /** Returns the focus from the box to the button. */
  const edit = useCallback((button: HTMLButtonElement | null) => {
    if (!button) return;
    if (isEdited.current) button.focus();
    isEdited.current = false;
  }, []);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const text = draft?.trim();
    setDraft(undefined);
    if (text && text !== title) await onRename(text);
  };
  if (draft !== undefined) {
    return (
      <li>
        <form className="row" onSubmit={save}>
          <input
            aria-label={strings.newTitle}
            dir="auto"
            maxLength={200}
            value={draft}
            // biome-ignore lint/a11y/noAutofocus: the reader has just asked to rename
            autoFocus
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.preventDefault();
              setDraft(undefined);
            }}
          />
          <button type="submit">{strings.rename}</button>
        </form>
      </li>
    );
  }
  return (
    <li aria-current={isCurrent}>
      <button type="button" className="plain" dir="auto" title={title} onClick={onOpen}>
        {title}
      </button>
      <span>
        <button
          ref={edit}
          type="button"
          className="quiet icon"
          aria-label={`${strings.rename}: ${title}`}
          title={strings.rename}
          onClick={() => {
            isEdited.current = true;
            setDraft(title);
          }}
        >
          ✎
        </button>
        <button
          type="button"
          className="quiet icon"
          aria-label={`${strings.remove}: ${title}`}
          title={strings.remove}
          onClick={() => void onRemove()}
        >
          ✕
        </button>
      </span>
    </li>
  );
}
