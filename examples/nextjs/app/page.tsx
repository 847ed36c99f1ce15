import { redirect } from "next/navigation";
import { Assistant } from "../components/assistant";

type Props = { searchParams: Promise<{ course?: string; thread?: string }> };

/** The chat of a course. The address contains the thread, so a reload and a link show the same one. */
export default async function Page({ searchParams }: Props) {
  const { course = process.env.LECTERN_COURSE_ID, thread } = await searchParams;
  if (!course) {
    return <p className="notice">Set LECTERN_COURSE_ID, or open this page with ?course=…</p>;
  }
  if (!thread) redirect(`/?${new URLSearchParams({ course, thread: crypto.randomUUID() })}`);
  return <Assistant key={`${course} ${thread}`} courseId={course} threadId={thread} />;
}
