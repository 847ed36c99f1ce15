import { AppError } from "../../errors";
import type { ConversationOwner, Viewer } from "../../principal";
import { parseJson } from "../../text/parse-json";
import { toStorable } from "../../text/storable-json";
import { notWaitingForDisk, type Sql } from "../client";
import { markReplaced } from "./replaced-citations";
import { withholdHidden } from "./withheld-citations";

/** `aborted`: the run was cancelled, usually because its reader left. `error`: the model or the server failed. */
export type AnswerStatus = "complete" | "aborted" | "error";

export type ToolCall = {
  id: string;
  name: string;
  /** JSON as the model wrote it; it can be malformed. */
  arguments: string;
  /** Absent while the call is open. */
  result?: ToolCallResult;
  /** The call asks the user a question; the run ended until the user replies. */
  interrupts?: true;
  /** The call shows a source on the user's page, which was asked at this time (ISO 8601). */
  asked_at?: string;
};
export type ToolCallResult = {
  /** The AG-UI message that contained it. */
  message_id: string;
  content: string;
  /** Order of a client's results, from 1. */
  position?: number;
  /** It came after the time that a page has to show a source, or did not come. */
  late?: true;
};
export type NewToolResult = { message_id: string; tool_call_id: string; result: ToolCallResult };

/** Parses a call's arguments; undefined when they are not JSON. */
export const parseArguments = (text: string): unknown => parseJson(text || "{}");

export type MessageMetadata = {
  /** Answers only. */
  status?: AnswerStatus;
  finish_reason?: string;
  error_code?: string;
  model?: string;
  citations?: unknown[];
  /** Sentences that their citations do not support; left out if empty. */
  unsupported?: unknown[];
  /** Passages retrieved for this answer so far, cited or not. */
  references?: unknown[];
  /** Questions that the user can ask next; of the last step of an answer. */
  suggested_questions?: string[];
  tool_calls?: ToolCall[];
  reasoning?: { id: string; content: string }[];
  usage?: Record<string, number>;
  request_id?: string;
  /** The content of a question that has attachments, as the client sent it. */
  parts?: unknown[];
  /** The answer is complete, but no client has received it to its end. */
  undelivered?: true;
  /** The client sent this answer when it began the thread; our model did not write it. */
  imported?: true;
};

export type ChatMessage = {
  id: string;
  role: "user" | "assistant" | "system";
  content: string;
  /** The client's id of this message. */
  client_id: string | null;
  run_id: string | null;
  /** Answers only: the question that it answers, and its step number in that answer. */
  turn_id: string | null;
  step: number | null;
  metadata: MessageMetadata;
  created_at: string;
};

export type NewMessage = Omit<ChatMessage, "run_id" | "created_at">;
export type NewAnswer = Pick<ChatMessage, "id" | "content" | "metadata"> & { step: number };

/** Messages and tool results that a thread does not have yet. */
export type NewThreadContent = {
  messages: NewMessage[];
  results: NewToolResult[];
  /** The stored message from which the new ones replace the thread. */
  replaces?: string;
};

/** `and …` that keeps the conversations `s` of an owner. */
export const ofOwner = (sql: Sql, owner: ConversationOwner) =>
  owner === "all" ? sql`` : sql`and s.user_id is not distinct from ${owner}::uuid`;

export type ThreadName = {
  id: string;
  course_id: string;
  thread_id: string | null;
  /** The user of a new thread. */
  user_id: string | null;
  /** The threads that the caller can continue. */
  owner: ConversationOwner;
  /** Sees the messages: quotes of hidden material are withheld. */
  viewer: Viewer;
};

export type OpenedThread = {
  /** The messages before this request, in order. */
  messages: ChatMessage[];
  /** The thread is new, and the beginning is stored. */
  isBegun: boolean;
};

/** The messages to store if a thread is new, with `run_id` as their run. */
export type ThreadBeginning = { messages: NewMessage[]; run_id: string };

export type ThreadOpening = { name: ThreadName; beginning?: ThreadBeginning | undefined };

type OpenedRow = { known: boolean; owned: boolean; begun: number; messages: ChatMessage[] };

/**
 * Finds or creates threads, and stores the beginnings of the new ones, all with one statement. No two of them can
 * have the same id.
 *
 * @returns for each opening, in order, its thread with the stored messages, or an AppError: `course_not_found`, or `session_not_found` when the
 *   thread belongs to another course or to another owner
 */
export async function openThreads(
  sql: Sql,
  openings: ThreadOpening[],
): Promise<(OpenedThread | AppError)[]> {
  const asked = openings.map(({ name, beginning }, n) => ({
    n,
    id: name.id,
    course_id: name.course_id,
    thread_id: name.thread_id,
    user_id: name.user_id,
    is_any_owner: name.owner === "all",
    owner: name.owner === "all" ? null : name.owner,
    label: beginning ? toLabel(beginning.messages) : null,
    run_id: beginning?.run_id,
    messages: beginning?.messages ?? [],
  }));
  const rows = await sql<OpenedRow[]>`
    with asked as (
      select * from jsonb_to_recordset(${sql.json(asked as never)})
        as a (n int, id uuid, course_id uuid, thread_id text, user_id uuid, is_any_owner boolean,
              owner uuid, label text, run_id text, messages jsonb)
    ),
    thread as (
      insert into chat_sessions as s (id, course_id, thread_id, user_id, session_label)
      select a.id, c.id, a.thread_id, (select u.id from users u where u.id = a.user_id),
             left(a.label, 80)
      from asked a join courses c on c.id = a.course_id
      order by a.id -- statements that run at the same time lock in one order
      on conflict (id) do update set course_id = s.course_id
        where s.course_id = excluded.course_id and exists (
          select from asked a
          where a.id = s.id and (a.is_any_owner or s.user_id is not distinct from a.owner))
      -- An inserted row has no xmax.
      returning s.id, s.xmax = 0 as is_new
    ),
    added as (
      insert into chat_messages
        (id, session_id, role, content, client_id, run_id, turn_id, step, metadata)
      select m.id, a.id, m.role, m.content, m.client_id, a.run_id, m.turn_id, m.step, m.metadata
      from asked a join thread t on t.id = a.id and t.is_new, ${toMessageRows(sql, sql`a.messages`)}
      order by a.n, m.n
      on conflict do nothing
      returning session_id
    )
    select exists (select from courses c where c.id = a.course_id) as known,
           exists (select from thread t where t.id = a.id) as owned,
           (select count(*)::int from added where session_id = a.id) as begun,
           ${messagesOf(sql, sql`a.id`)} as messages,
           -- A power failure can lose an unanswered question; the answer's commit waits for the disk.
           ${notWaitingForDisk(sql)}
    from asked a order by a.n`;
  return rows.map(({ known, owned, begun, messages }, n) => {
    if (!known) return new AppError("course_not_found");
    if (!owned) return new AppError("session_not_found");
    const { beginning } = openings[n]!;
    return {
      messages,
      isBegun: beginning !== undefined && begun === beginning.messages.length,
    };
  });
}

/** Messages as a viewer sees them: citations of replaced material are marked, and quotes of hidden material are withheld. */
export const showMessages = async <M extends Pick<ChatMessage, "metadata">>(
  sql: Sql,
  viewer: Viewer,
  messages: M[],
): Promise<M[]> => withholdHidden(sql, viewer, await markReplaced(sql, messages));

/** The label of a thread until a user renames it: its first question. */
const toLabel = (messages: NewMessage[]): string | null =>
  messages.find(({ role }) => role === "user")?.content.trim() || null;

/** The rows `m` of new messages in JSON, numbered by `n`. */
const toMessageRows = (sql: Sql, messages: ReturnType<Sql>) => sql`
  rows from (jsonb_to_recordset(${messages})
    as (id uuid, role text, content text, client_id text, turn_id uuid, step int, metadata jsonb))
    with ordinality as m (id, role, content, client_id, turn_id, step, metadata, n)`;

/** The messages of a thread as a viewer sees them, oldest first. */
export async function listMessages(
  sql: Sql,
  session_id: string,
  viewer: Viewer,
): Promise<ChatMessage[]> {
  const [row] = await sql<{ messages: ChatMessage[] }[]>`
    select ${messagesOf(sql, session_id)} as messages`;
  return showMessages(sql, viewer, row!.messages);
}

/** A thread's messages as one JSON value, oldest first. */
export const messagesOf = (sql: Sql, session_id: string | ReturnType<Sql>) => sql`
  (select coalesce(jsonb_agg(jsonb_build_object(
     'id', id, 'role', role, 'content', content, 'client_id', client_id, 'run_id', run_id,
     'turn_id', turn_id, 'step', step, 'metadata', metadata,
     'created_at', to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
   ) order by position), '[]') from chat_messages where session_id = ${session_id})`;

/**
 * Adds the client's messages in order, and its tool results, each at most once. The messages that they
 * replace are moved to a branch, which nothing shows.
 *
 * @returns false when a message was stored already (by a concurrent request), when the message to replace
 *   is gone, or when the thread was deleted
 */
export async function addToThread(
  sql: Sql,
  session_id: string,
  content: NewThreadContent & { run_id: string },
): Promise<boolean> {
  const { messages, results, replaces, run_id } = content;
  const [row] = await sql<{ added: number }[]>`
    with thread as (
      update chat_sessions
      set session_label = coalesce(session_label, left(${toLabel(messages)}, 80))
      where id = ${session_id} returning id
    )
    ${replaces === undefined ? sql`` : moveToBranch(sql, { session_id, replaces, run_id })}
    ${results.length === 0 ? sql`` : addResults(sql, session_id, results)},
    added as (
      insert into chat_messages
        (id, session_id, role, content, client_id, run_id, turn_id, step, metadata)
      select m.id, thread.id, m.role, m.content, m.client_id, ${run_id}, m.turn_id, m.step, m.metadata
      from thread, ${toMessageRows(sql, sql`${sql.json(messages as never)}`)}
      ${
        // Counting them first also frees their ids for the new messages.
        replaces === undefined ? sql`` : sql`where (select count(*) from replaced) > 0`
      }
      order by m.n
      on conflict do nothing
      returning id
    )
    select count(*)::int as added,
           -- The first token need not wait for the disk: the answer's commit waits and includes this row.
           ${notWaitingForDisk(sql)}
    from added`;
  return row!.added === messages.length;
}

/** CTEs that move the messages of a thread from `replaces` on to a branch; `replaced` has their rows. */
const moveToBranch = (
  sql: Sql,
  { session_id, replaces, run_id }: { session_id: string; replaces: string; run_id: string },
) => sql`,
  replaced as (
    delete from chat_messages m using chat_messages first
    where first.id = ${replaces} and first.session_id = ${session_id}
      and m.session_id = ${session_id} and m.position >= first.position
    returning m.*
  ),
  branch as (
    insert into chat_branches (session_id, replaced_by, messages)
    select thread.id, ${run_id}, jsonb_agg(to_jsonb(replaced) order by position)
    from thread, replaced group by thread.id
  )`;

/** CTEs that add results to the calls of tools in a thread that have none. */
const addResults = (sql: Sql, session_id: string, results: NewToolResult[]) => sql`,
  results as (
    select * from jsonb_to_recordset(${sql.json(results as never)})
      as result (message_id uuid, tool_call_id text, result jsonb)
  ),
  answered as (
    update chat_messages m set metadata = jsonb_set(m.metadata, '{tool_calls}', (
      select jsonb_agg(case when r.result is null or call ? 'result' then call
                            else call || jsonb_build_object('result', r.result) end order by n)
      from jsonb_array_elements(m.metadata -> 'tool_calls') with ordinality as calls (call, n)
      left join results r on r.message_id = m.id and r.tool_call_id = call ->> 'id'))
    where m.session_id = ${session_id} and m.id in (select message_id from results)
  )`;

/** The steps of one answer, to store. */
export type AnswerToSave = {
  session_id: string;
  turn_id: string;
  run_id: string;
  steps: NewAnswer[];
};

/**
 * Stores the steps of answers, complete or not, all with one statement.
 * They replace incomplete steps of an earlier attempt, never a complete step. Stores nothing for a question that was
 * deleted or replaced during its answer.
 */
export async function saveAnswers(sql: Sql, answers: AnswerToSave[]): Promise<void> {
  const saved = answers.map((answer) => ({
    ...answer,
    last_step: Math.max(...answer.steps.map(({ step }) => step)),
  }));
  await sql`select save_answers(${sql.json(toStorable(saved) as never)})`;
}

/**
 * Records whether a client has received the complete answer of a turn to its end. Without a record it
 * counts as delivered.
 */
export async function recordDelivery(
  sql: Sql,
  session_id: string,
  turn_id: string,
  isDelivered: boolean,
): Promise<void> {
  await sql`
    update chat_messages
    set metadata = case when ${isDelivered} then metadata - 'undelivered'
                        else metadata || '{"undelivered": true}' end
    where session_id = ${session_id} and turn_id = ${turn_id}
      and step = (select max(step) from chat_messages where turn_id = ${turn_id})`;
}
