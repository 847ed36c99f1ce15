import { Elysia } from "elysia";
import { z } from "zod";
import { listOpenQuestions, type OpenQuestion } from "../db/chat/open-questions";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { hasScope } from "../principal";
import { groupQuestions, topicWords } from "../text/group-questions";
import { principalOf, type QuestionSettings, seesQuestions } from "./http/auth";
import { ById } from "./http/schemas";

/** A group of fewer people, and a word that fewer people used, is not shown, because it can identify a person. */
const MIN_PEOPLE = 3;
const MOST_QUESTIONS = 300;
const MOST_WORDS = 5;
const MOST_EXAMPLES = 3;

const Query = z.object({
  days: z.coerce.number().int().min(1).max(366).default(90).describe("Questions of the last days"),
});
const Group = z
  .object({
    words: z
      .array(z.string())
      .describe("Words that at least three people used, the commonest first"),
    people: z.int().describe("Three or more"),
    refused: z.int().describe("Questions that the course does not cover"),
    rated_down: z.int().describe("Questions whose answer was rated as bad"),
    examples: z
      .array(z.string())
      .nullable()
      .describe("Some of the questions; null if the caller cannot read conversations"),
  })
  .meta({ id: "QuestionGroup" });
const Groups = z.object({ groups: z.array(Group) }).meta({ id: "QuestionGroups" });

type QuestionGroupDeps = { db: Sql; config: QuestionSettings };

/** What students ask in vain: refused and badly rated questions in groups, without names. */
export const questionGroupRoutes = ({ db, config }: QuestionGroupDeps) =>
  new Elysia({ prefix: "/api/courses", tags: ["Courses"] }).get(
    "/:id/question-groups",
    async ({ params, query, request }) => {
      const { id: course_id } = await getCourse(db, params.id);
      const principal = principalOf(request);
      const showsText = hasScope(principal, "admin") || seesQuestions(principal, config);
      const filter = { course_id, days: query.days, limit: MOST_QUESTIONS };
      const open = await listOpenQuestions(db, filter);
      const groups = groupQuestions(open.map(({ question }) => question));
      return {
        groups: groups.flatMap((group) =>
          toGroup(
            group.map((i) => open[i]!),
            showsText,
          ),
        ),
      };
    },
    {
      params: ById,
      query: Query,
      response: Groups,
      detail: {
        summary: "List what students ask without getting a good answer",
        description:
          "Refused and badly rated questions, grouped by their words. A group is shown if three or more people asked; people without a " +
          "name (no login, no `X-User-Id`) count as one. Examples are shown to administrators, and to teachers if " +
          "TEACHERS_SEE_QUESTIONS is true.",
      },
    },
  );

/** Empty for a group of too few people, or without a word that enough of them used. */
function toGroup(questions: readonly OpenQuestion[], showsText: boolean) {
  const people = new Set(questions.map(({ user_id }) => user_id)).size;
  if (people < MIN_PEOPLE) return [];
  const used = new Map<string, { word: string; people: Set<string | null> }>();
  for (const { question, user_id } of questions) {
    for (const [stem, word] of topicWords(question)) {
      const known = used.get(stem) ?? { word, people: new Set() };
      known.people.add(user_id);
      used.set(stem, known);
    }
  }
  const words = [...used.values()]
    .filter((one) => one.people.size >= MIN_PEOPLE)
    .sort((a, b) => b.people.size - a.people.size)
    .slice(0, MOST_WORDS)
    .map(({ word }) => word);
  if (words.length === 0) return [];
  const count = (reason: OpenQuestion["reason"]) =>
    questions.filter((one) => one.reason === reason).length;
  const texts = [...new Set(questions.map(({ question }) => question))];
  return [
    {
      words,
      people,
      refused: count("refused"),
      rated_down: count("rated_down"),
      examples: showsText ? texts.slice(0, MOST_EXAMPLES) : null,
    },
  ];
}
