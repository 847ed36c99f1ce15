import { useEffect, useEffectEvent, useMemo, useSyncExternalStore } from "react";
import { isShared } from "../server/credential";
import { takeCarriedQuestion } from "./carried";
import { Conversation, type ConversationOptions } from "./conversation";
import type { ConversationState } from "./conversation-store";
import { isNewThread } from "./history";

/** The conversation of a thread, which ends with the component. */
export function useConversation(options: ConversationOptions): {
  conversation: Conversation;
  state: ConversationState;
} {
  const position = useEffectEvent(options.position);
  const showSource = useEffectEvent(options.showSource);
  const { course_id, thread_id } = options;
  const conversation = useMemo(
    () =>
      new Conversation({
        course_id,
        thread_id,
        position: () => position(),
        showSource: (reference) => showSource(reference),
      }),
    [course_id, thread_id],
  );
  useEffect(() => {
    // A share link shows no stored conversation.
    if (!isNewThread(thread_id) && !isShared()) void conversation.restore();
    const question = takeCarriedQuestion(thread_id);
    if (question !== undefined) void conversation.ask(question);
    const refresh = () => !isShared() && void conversation.refreshSources();
    addEventListener("focus", refresh);
    return () => {
      removeEventListener("focus", refresh);
      conversation.leave();
    };
  }, [conversation, thread_id]);
  const { subscribe, getState } = conversation.store;
  const state = useSyncExternalStore(subscribe, getState);
  return { conversation, state };
}
