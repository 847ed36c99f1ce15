"use client";

import { CopilotChat, CopilotKitProvider, useAgentContext } from "@copilotkit/react-core/v2";
import { useState } from "react";
import { Answer } from "./answer";
import { type Place, SourceContext, SourceViewer } from "./source-viewer";
import { Threads } from "./threads";
import { Tools } from "./tools";

type Props = { courseId: string; threadId: string };

/** Three columns: the conversations of the visitor, the chat, and the open source. */
export function Assistant({ courseId, threadId }: Props) {
  const [place, setPlace] = useState<Place | null>(null);
  return (
    <CopilotKitProvider
      runtimeUrl="/api/copilotkit"
      headers={{ "x-course-id": courseId }}
      properties={{ course_id: courseId, interrupts: true }}
      enableInspector={false}
    >
      <SourceContext value={setPlace}>
        <main className="assistant">
          <Threads courseId={courseId} threadId={threadId} />
          <CopilotChat
            threadId={threadId}
            messageView={{ assistantMessage: Answer }}
            labels={{ chatInputPlaceholder: "Ask your course" }}
          />
          {place && <SourceViewer place={place} />}
          {place && <Position place={place} />}
          <Tools />
        </main>
      </SourceContext>
    </CopilotKitProvider>
  );
}

/** Lets "what does this mean?" refer to the open page or second. */
function Position({ place }: { place: Place }) {
  const { asset_id, page_number, start_ms } = place;
  const value =
    page_number === undefined
      ? { asset_id, time_ms: start_ms ?? 0 }
      : { asset_id, page: page_number };
  useAgentContext({ description: "lectern.position", value: JSON.stringify(value) });
  return null;
}
