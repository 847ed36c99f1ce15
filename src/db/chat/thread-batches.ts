import { AppError } from "../../errors";
import type { Sql } from "../client";
import { inBatches } from "../statement-batches";
import {
  type AnswerToSave,
  type OpenedThread,
  openThreads,
  saveAnswers,
  showMessages,
  type ThreadBeginning,
  type ThreadName,
  type ThreadOpening,
} from "./chat";

/** The two statements of every answer, joined with those of other answers in a crowd. */
export type ThreadBatches = {
  /**
   * Finds or creates a course's thread, and stores its beginning if it is new.
   *
   * @throws AppError `course_not_found`, or `session_not_found` when the thread belongs to
   *   another course or to another owner
   */
  openThread(name: ThreadName, beginning?: ThreadBeginning): Promise<OpenedThread>;
  /** Stores the steps of an answer, as `saveAnswers` does. */
  saveAnswer(answer: AnswerToSave): Promise<void>;
};

/** Longer texts, in characters, are stored alone. */
const LONG_TEXT = 100_000;

export function openThreadBatches(sql: Sql): ThreadBatches {
  const open = inBatches((openings: ThreadOpening[]) => openThreads(sql, openings), {
    keyOf: ({ name }) => name.id,
    isLong: ({ beginning }) => beginning?.messages.some(isLong) ?? false,
  });
  const save = inBatches(
    async (answers: AnswerToSave[]) => {
      await saveAnswers(sql, answers);
      return answers;
    },
    { keyOf: ({ session_id }) => session_id, isLong: ({ steps }) => steps.some(isLong) },
  );
  return {
    openThread: async (name, beginning) => {
      const opened = await open({ name, beginning });
      if (opened instanceof AppError) throw opened;
      // Outside the batch: a failure here does not repeat what the batch has stored.
      return { ...opened, messages: await showMessages(sql, name.viewer, opened.messages) };
    },
    saveAnswer: async (answer) => {
      await save(answer);
    },
  };
}

/** Attachments can have megabytes. */
const isLong = (message: { content: string; metadata: { parts?: unknown[] } }) =>
  message.content.length > LONG_TEXT || message.metadata.parts !== undefined;
