import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";
import { pickTopics } from "./pick-topics";
import { Suggestions } from "./suggestions";

type FirstQuestionsProps = { course_id: string; onAsk: (text: string) => void };

/** Sources and pages in which a topic is searched. */
const ASSETS_READ = 50;
const PAGES_READ = 25;
const TOPICS = 2;

/** Suggestions for a new conversation: two general ones, and topics from the slides of the course. */
export function FirstQuestions({ course_id, onAsk }: FirstQuestionsProps) {
  const questions = [...strings.suggestions, ...useTopics(course_id).map(toQuestion)];
  return <Suggestions questions={questions} onAsk={onAsk} />;
}

const toQuestion = (title: string) => (title.endsWith("?") ? title : strings.explain(title));

/** Topics of the first deck that is ready; empty without one. */
function useTopics(course_id: string): string[] {
  const { data: assets } = useData(course_id, (signal) =>
    lectern.GET("/api/courses/{id}/assets", {
      params: { path: { id: course_id }, query: { limit: ASSETS_READ } },
      signal,
    }),
  );
  const deck = assets?.items.find(
    ({ kind, status }) => kind === "document" && status === "completed",
  );
  const { data: pages } = useData(`${deck?.id} topics`, (signal) =>
    deck === undefined
      ? Promise.resolve({ data: undefined, response: new Response() })
      : lectern.GET("/api/documents/{id}/pages", {
          params: { path: { id: deck.id }, query: { limit: PAGES_READ } },
          signal,
        }),
  );
  return pickTopics(
    pages?.items.map(({ metadata: { title } }) => (typeof title === "string" ? title : "")) ?? [],
    TOPICS,
  );
}
