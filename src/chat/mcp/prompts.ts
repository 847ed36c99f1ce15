import { z } from "zod";

export type McpPrompt = {
  name: string;
  title: string;
  description: string;
  argsSchema: Record<string, z.ZodType<string | undefined>>;
  /** The text of the message that the host sends in the user's name. */
  toText(args: Record<string, string | undefined>): string;
};

const CourseId = z.string().max(100).describe("An id from list_courses");
const Text = z.string().max(2_000);

/** Ready tasks for the user of a host. With a fixed course they take no course. */
export function createMcpPrompts(fixedCourse: string | undefined): McpPrompt[] {
  const course: McpPrompt["argsSchema"] = fixedCourse === undefined ? { course_id: CourseId } : {};
  const inCourse = ({ course_id }: Record<string, string | undefined>) =>
    course_id === undefined ? "the course" : `the course ${course_id}`;
  return [
    {
      name: "answer_from_course",
      title: "Answer from the course",
      description: "Answers a question from lectures and slides, with a link for each statement.",
      argsSchema: { question: Text, ...course },
      toText: (args) =>
        `Search ${inCourse(args)} and answer this question from what you find. Link each statement to its passage with the passage's url. If the course does not cover the question, say so.\n\nQuestion: ${args.question}`,
    },
    {
      name: "quiz",
      title: "Quiz on a topic",
      description: "Writes questions on a topic of the course, with answers and sources.",
      argsSchema: { topic: Text, ...course },
      toText: (args) =>
        `Search ${inCourse(args)} for the topic below and write five questions on it, from easy to hard. Then list the answers, each with the url of its passage.\n\nTopic: ${args.topic}`,
    },
  ];
}
