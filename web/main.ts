import "./no-eval";
import { HttpAgent } from "@ag-ui/client";
import { type Course, itemsOf, LecternError } from "@lectern/client";
import {
  askForKey,
  credentialHeaders,
  explainRefusal,
  hasSharedKey,
  lectern,
  takeSharedKey,
} from "./credential";
import { addAnswer, addQuestion, markReplaced, showProblem } from "./thread";

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const course = element<HTMLSelectElement>("course");
const form = element<HTMLFormElement>("ask");
const question = element<HTMLTextAreaElement>("question");
const send = element<HTMLButtonElement>("send");
const stop = element<HTMLButtonElement>("stop");

takeSharedKey();
// A link that is opened in the tab of another one changes only the fragment, which loads no page.
addEventListener("hashchange", () => {
  if (takeSharedKey()) location.reload();
});
let agent = newThread();

/** Each course has its own thread, because answers use one course only. */
function newThread(): HttpAgent {
  const headers = credentialHeaders();
  return new HttpAgent({ url: "/api/chat/stream", threadId: crypto.randomUUID(), headers });
}

async function listCourses(): Promise<Course[]> {
  const courses: Course[] = [];
  const read = (cursor: string | undefined) =>
    lectern.GET("/api/courses", { params: { query: { limit: 200, ...(cursor && { cursor }) } } });
  for await (const course of itemsOf(read)) courses.push(course);
  return courses;
}

const isKeyRefused = (error: unknown) =>
  error instanceof LecternError && (error.status === 401 || error.status === 403);

/** Asks for a key until the server accepts one; servers without keys never ask. */
async function listCoursesWithKey(): Promise<Course[]> {
  for (;;) {
    try {
      return await listCourses();
    } catch (error) {
      if (!isKeyRefused(error)) throw error;
      await askForKey(explainRefusal());
      agent = newThread();
    }
  }
}

function setBusy(busy: boolean): void {
  send.hidden = busy;
  stop.hidden = !busy;
  course.disabled = busy;
}

async function ask(text: string): Promise<void> {
  addQuestion(text);
  const answer = addAnswer();
  // The next message answers the open question of the assistant.
  const resume = agent.pendingInterrupts.map(({ id: interruptId }) => ({
    interruptId,
    status: "resolved" as const,
    payload: { answer: text },
  }));
  const isReply = resume.length > 0;
  if (!isReply) agent.addMessage({ id: crypto.randomUUID(), role: "user", content: text });
  setBusy(true);
  try {
    const forwardedProps = { course_id: course.value };
    await agent.runAgent({ forwardedProps, ...(isReply && { resume }) }, answer.subscriber);
    for (const interrupt of agent.pendingInterrupts) answer.ask(interrupt);
  } catch (error) {
    answer.fail(reasonOf(error));
  } finally {
    answer.end();
    setBusy(false);
    question.focus();
    void showReplaced();
  }
}

/** Marks the sources whose material was replaced since. A share link shows no stored conversation, so nothing is marked. */
async function showReplaced(): Promise<void> {
  if (agent.messages.length === 0 || hasSharedKey()) return;
  const params = { path: { id: agent.threadId } };
  const found = await lectern.GET("/api/chat/sessions/{id}", { params }).catch(() => undefined);
  const cited = found?.data?.messages.flatMap(({ citations }) => citations) ?? [];
  markReplaced(new Set(cited.flatMap(({ number, replaced }) => (replaced ? [number] : []))));
}

/** Replaces the browser's text for a lost connection, which does not help the user. */
function reasonOf(error: unknown): string {
  if (error instanceof TypeError) return "The server cannot be reached. Ask again in a moment.";
  if ((error as { status?: number }).status === 401) return explainRefusal();
  return error instanceof Error ? error.message : String(error);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (text === "") return;
  question.value = "";
  void ask(text);
});
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
stop.addEventListener("click", () => agent.abortRun());
window.addEventListener("focus", () => void showReplaced());
course.addEventListener("change", () => {
  agent = newThread();
  element("thread").replaceChildren();
});

try {
  const courses = await listCoursesWithKey();
  course.replaceChildren(...courses.map(({ id, name }) => new Option(name, id)));
  const empty = courses.length === 0;
  if (empty) showProblem("There is no course yet. Create one at /swagger, or run ./lectern demo.");
  for (const control of [course, question, send]) control.disabled = empty;
  question.focus();
} catch (error) {
  showProblem(`The courses cannot be read: ${reasonOf(error)}`);
}
