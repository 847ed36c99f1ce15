import { AppError } from "../../errors";
import { toStorable } from "../../text/storable-json";
import { notWaitingForDisk, type Sql } from "../client";

/** `aborted`: the reader left. `error`: the model or the server failed. */
export type AnswerStatus = "complete" | "aborted" | "error";

export type ToolCall = {
  id: string;
  name: string;
  /** JSON as the model wrote it, well-formed or not. */
  arguments: string;
  /** Missing while nobody has answered the call. */
  result?: ToolResult;
  /** The call asks the user, and the run ended until they reply. */
  interrupts?: true;
};
/** `message_id`: the AG-UI message that brought it. `position`: of a client's, from 1 as they came. */
export type ToolResult = { message_id: string; content: string; position?: number };

export type MessageMetadata = {
  /** Of an answer. */
  status?: AnswerStatus;
  finish_reason?: string;
  error_code?: string;
  model?: string;
  citations?: unknown[];
  /** What was retrieved for this answer so far, cited or not. */
  references?: unknown[];
  tool_calls?: ToolCall[];
  reasoning?: { id: string; content: string }[];
  usage?: Record<string, number>;
  request_id?: string;
  /** Of a question that is more than text: its content as the client sent it. */
  parts?: unknown[];
  /** Of an answer that a client brought along when it began the thread: not ours. */
  imported?: true;
};

export type ChatMessage = {
  id: string;
  role: "user" | "assistant" | "system";
  content: string;
  /** The id under which the client knows it. */
  client_id: string | null;
  run_id: string | null;
  /** Of an answer: the question it answers, and which of the answer's steps it is. */
  turn_id: string | null;
  step: number | null;
  metadata: MessageMetadata;
  created_at: string;
};

export type NewMessage = Omit<ChatMessage, "run_id" | "created_at">;
export type NewAnswer = Pick<ChatMessage, "id" | "content" | "metadata"> & { step: number };

export type ThreadName = { id: string; course_id: string; thread_id: string | null };

/**
 * Opens a course's thread, new or not, and answers its messages in order.
 *
 * @throws AppError `course_not_found`, or `session_not_found` when another course owns the thread
 */
export async function openThread(
  sql: Sql,
  { id, course_id, thread_id }: ThreadName,
): Promise<ChatMessage[]> {
  const [row] = await sql<{ known: boolean; owned: boolean; messages: ChatMessage[] }[]>`
    with course as (select id from courses where id = ${course_id}),
    thread as (
      insert into chat_sessions as s (id, course_id, thread_id)
      select ${id}, id, ${thread_id} from course
      on conflict (id) do update set course_id = s.course_id where s.course_id = excluded.course_id
      returning s.id
    )
    select exists (select from course) as known, exists (select from thread) as owned,
           ${messagesOf(sql, id)} as messages,
           -- An empty thread may be lost with the power; what is said in it waits for the disk.
           ${notWaitingForDisk(sql)}`;
  const { known, owned, messages } = row!;
  if (!known) throw new AppError("course_not_found");
  if (!owned) throw new AppError("session_not_found");
  return messages;
}

/** The messages of a thread, oldest first. */
export async function listMessages(sql: Sql, session_id: string): Promise<ChatMessage[]> {
  const [row] = await sql<{ messages: ChatMessage[] }[]>`
    select ${messagesOf(sql, session_id)} as messages`;
  return row!.messages;
}

/** A thread's messages as one JSON value, oldest first. */
export const messagesOf = (sql: Sql, session_id: string) => sql`
  (select coalesce(jsonb_agg(jsonb_build_object(
     'id', id, 'role', role, 'content', content, 'client_id', client_id, 'run_id', run_id,
     'turn_id', turn_id, 'step', step, 'metadata', metadata,
     'created_at', to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
   ) order by position), '[]') from chat_messages where session_id = ${session_id})`;

/**
 * Adds what the client said, in its order, and the results of tools that it ran, each at most once.
 *
 * @returns false when not all was new: somebody was faster, or the thread is gone
 */
export async function addToThread(
  sql: Sql,
  session_id: string,
  said: {
    run_id: string;
    messages: NewMessage[];
    results: { message_id: string; tool_call_id: string; result: ToolResult }[];
  },
): Promise<boolean> {
  const label = said.messages.find(({ role }) => role === "user")?.content.trim() || null;
  const [row] = await sql<{ added: number }[]>`
    with thread as (
      update chat_sessions
      set session_label = coalesce(session_label, left(${label}, 80))
      where id = ${session_id} returning id
    ),
    results as (
      select * from jsonb_to_recordset(${sql.json(said.results as never)})
        as result (message_id uuid, tool_call_id text, result jsonb)
    ),
    answered as (
      update chat_messages m set metadata = jsonb_set(m.metadata, '{tool_calls}', (
        select jsonb_agg(case when r.result is null or call ? 'result' then call
                              else call || jsonb_build_object('result', r.result) end order by n)
        from jsonb_array_elements(m.metadata -> 'tool_calls') with ordinality as calls (call, n)
        left join results r on r.message_id = m.id and r.tool_call_id = call ->> 'id'))
      where m.session_id = ${session_id} and m.id in (select message_id from results)
    ),
    added as (
      insert into chat_messages
        (id, session_id, role, content, client_id, run_id, turn_id, step, metadata)
      select m.id, thread.id, m.role, m.content, m.client_id, ${said.run_id}, m.turn_id, m.step,
             m.metadata
      from thread, rows from (jsonb_to_recordset(${sql.json(said.messages as never)})
        as (id uuid, role text, content text, client_id text, turn_id uuid, step int,
            metadata jsonb)) with ordinality
        as m (id, role, content, client_id, turn_id, step, metadata, n)
      order by m.n
      on conflict do nothing
      returning id
    )
    select count(*)::int as added,
           -- The first word need not wait for the disk: the answer's commit does, and takes this along.
           ${notWaitingForDisk(sql)}
    from added`;
  return row!.added === said.messages.length;
}

/**
 * Stores the steps of an answer, whole or not. They take the place of an earlier attempt that broke
 * off, but never that of a complete step. Nothing is stored when the session was deleted meanwhile.
 */
export async function saveAnswer(
  sql: Sql,
  session_id: string,
  answer: { turn_id: string; run_id: string; steps: NewAnswer[] },
): Promise<void> {
  const { turn_id, run_id, steps } = answer;
  const lastStep = Math.max(...steps.map(({ step }) => step));
  await sql`
    with thread as (
      update chat_sessions set updated_at = now() where id = ${session_id} returning id
    ),
    outdated as (
      delete from chat_messages where turn_id = ${turn_id} and step > ${lastStep}
    )
    insert into chat_messages as m
      (id, session_id, role, content, run_id, turn_id, step, metadata)
    select s.id, thread.id, 'assistant', s.content, ${run_id}, ${turn_id}::uuid, s.step, s.metadata
    from thread, jsonb_to_recordset(${sql.json(toStorable(steps) as never)})
      as s (id uuid, content text, step int, metadata jsonb)
    where exists (select from chat_messages where id = ${turn_id})
    order by s.step
    on conflict (turn_id, step) do update set
      id = excluded.id, content = excluded.content, run_id = excluded.run_id,
      metadata = excluded.metadata
    where m.metadata ->> 'status' <> 'complete'`;
}
