import { Elysia } from "elysia";
import { z } from "zod";
import { listOpenQuestions, type OpenQuestion } from "../db/chat/open-questions";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { hasScope } from "../principal";
import { groupQuestions, topicWords } from "../text/group-questions";
import { maskPersonalDetails } from "../text/personal-details";
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
      .describe(
        "Words that at least three people used, the commonest first; with … if only the beginning is common",
      ),
    people: z.int().describe("Three or more"),
    refused: z.int().describe("Questions that the course does not cover"),
    rated_down: z.int().describe("Questions whose answer was rated as bad"),
    examples: z
      .array(z.string())
      .nullable()
      .describe(
        "Some questions without addresses and numbers of people; null if the caller cannot read conversations",
      ),
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
      const open = (await listOpenQuestions(db, filter)).map((one) => ({
        ...one,
        question: maskPersonalDetails(one.question),
      }));
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
        summary: "List questions of students without a good answer, in groups",
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
  const words = sharedWords(questions);
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

/**
 * The words that enough people used, the commonest first. Words with the same stem are one word; a form of it is shown
 * only if enough people used that form, because a rare one can identify its author.
 */
function sharedWords(questions: readonly OpenQuestion[]): string[] {
  const stems = new Map<string, Map<string, WordForm>>();
  for (const { question, user_id } of questions) {
    for (const [stem, word] of topicWords(question)) {
      const forms = stems.get(stem) ?? new Map<string, WordForm>();
      stems.set(stem, forms);
      const form = forms.get(word.toLowerCase()) ?? { word, people: new Set() };
      forms.set(word.toLowerCase(), form);
      form.people.add(user_id);
    }
  }
  return [...stems]
    .map(([stem, byWord]) => {
      const forms = [...byWord.values()].sort((a, b) => b.people.size - a.people.size);
      return { stem, commonest: forms[0]!, people: countPeople(forms) };
    })
    .filter(({ people }) => people >= MIN_PEOPLE)
    .sort((a, b) => b.people - a.people)
    .slice(0, MOST_WORDS)
    .map(({ stem, commonest: { word, people } }) =>
      people.size >= MIN_PEOPLE ? word : `${stem}…`,
    );
}

type WordForm = { word: string; people: Set<string | null> };

const countPeople = (forms: readonly WordForm[]) =>
  new Set(forms.flatMap(({ people }) => [...people])).size;
