"use client";

import { useAgent } from "@copilotkit/react-core/v2";
import Link from "next/link";
import { useCallback, useEffect, useState } from "react";

type Session = {
  id: string;
  session_label: string | null;
  message_count: number;
  last_message: { excerpt: string } | null;
};
type Props = { courseId: string; threadId: string };

/** The visitor's conversations about the course, newest first. */
export function Threads({ courseId, threadId }: Props) {
  const [sessions, setSessions] = useState<Session[]>([]);
  const { agent } = useAgent();
  const load = useCallback(async () => {
    const query = new URLSearchParams({ course_id: courseId });
    const response = await fetch(`/api/lectern/chat/sessions?${query}`, {
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) setSessions((await response.json()).items);
  }, [courseId]);
  const reload = useCallback(() => void load().catch(console.error), [load]);
  useEffect(reload, [reload]);
  useEffect(() => agent.subscribe({ onRunFinalized: reload }).unsubscribe, [agent, reload]);

  const addressOf = (thread: Record<string, string>) =>
    `/?${new URLSearchParams({ course: courseId, ...thread })}`;
  return (
    <nav className="threads" aria-label="Conversations">
      <Link href={addressOf({})} prefetch={false}>
        New conversation
      </Link>
      <ul>
        {sessions
          .filter(({ message_count }) => message_count > 0)
          .map(({ id, session_label, last_message }) => (
            <li key={id}>
              <Link
                href={addressOf({ thread: id })}
                aria-current={id === threadId ? "page" : undefined}
              >
                {session_label ?? last_message?.excerpt}
              </Link>
            </li>
          ))}
      </ul>
    </nav>
  );
}
