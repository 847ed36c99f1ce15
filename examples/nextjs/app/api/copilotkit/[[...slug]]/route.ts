import { HttpAgent } from "@ag-ui/client";
import { CopilotRuntime, createCopilotRuntimeHandler } from "@copilotkit/runtime/v2";
import { credentialsOf, lecternUrl } from "../../../../lib/lectern";
import { LecternRunner } from "../../../../lib/lectern-runner";

const url = lecternUrl("/api/chat/stream");

const runtime = new CopilotRuntime({
  agents: ({ request }) => ({ default: new HttpAgent({ url, headers: credentialsOf(request) }) }),
  runner: new LecternRunner((thread) => new HttpAgent({ url, ...thread })),
  // Credentials come from `credentialsOf` only: a browser cannot name another user.
  forwardHeaders: { allow: ["x-course-id"] },
});

const handle = createCopilotRuntimeHandler({ runtime, basePath: "/api/copilotkit" });

export { handle as DELETE, handle as GET, handle as PATCH, handle as POST };
