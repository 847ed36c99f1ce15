import type { ChatMessage } from "../../db/chat/chat";

/** The last question of a thread and the progress of its answer. */
export type Turn = {
  id: string;
  /** Number of complete steps, and so the number of the next step. */
  steps: number;
  /** Nothing to generate: the answer is complete, or it waits for a tool of the client. */
  settled: boolean;
};

/** Undefined before the first question. */
export function lastTurn(thread: ChatMessage[]): Turn | undefined {
  const question = thread.findLast(({ role }) => role === "user");
  if (!question) return undefined;
  const answers = thread.filter(({ turn_id }) => turn_id === question.id);
  const complete = answers.filter(({ metadata }) => metadata.status === "complete");
  const calls = complete.at(-1)?.metadata.tool_calls ?? [];
  const waits = calls.some(({ result }) => !result);
  return {
    id: question.id,
    steps: complete.length,
    settled:
      complete.length > 0 && complete.length === answers.length && (calls.length === 0 || waits),
  };
}

/** The id of a step's row. A step that is generated again keeps its id. */
export const stepId = (turn_id: string, step: number) => Bun.randomUUIDv5(`${step}`, turn_id);

/** The id of the first message that will answer the turn, or of the last one if it is settled. */
export function answerMessageId(turn: Turn | undefined, session_id: string): string {
  if (!turn) return stepId(session_id, 0);
  return stepId(turn.id, turn.settled ? turn.steps - 1 : turn.steps);
}

/** Removes incomplete steps of the turn, because they are generated again. */
export const withoutUnfinished = (thread: ChatMessage[], { id }: Turn) =>
  thread.filter((row) => row.turn_id !== id || row.metadata.status === "complete");
