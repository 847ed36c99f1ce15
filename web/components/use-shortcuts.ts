import { useEffect, useEffectEvent } from "react";

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null;

/** The browser uses the key: to close a dialog or menu, to empty a search box, or to end an input method. */
const isForBrowser = ({ target, isComposing }: KeyboardEvent) =>
  isComposing ||
  document.querySelector("dialog[open], :popover-open") !== null ||
  (target instanceof HTMLInputElement && target.type === "search" && target.value !== "");

/** The keys of the page. They do nothing while the reader types, except Escape. */
export function useShortcuts(actions: { onEscape: () => void; onHelp: () => void }): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && !isForBrowser(event)) actions.onEscape();
    if (isTyping(event.target)) return;
    if (event.key === "?") actions.onHelp();
    else if (event.key === "[") moveToCitation(-1);
    else if (event.key === "]") moveToCitation(1);
    else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("question")?.focus();
    }
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

/** Moves the focus to the citation before or after the focused one. */
function moveToCitation(step: 1 | -1): void {
  const citations = [...document.querySelectorAll<HTMLElement>(".answer a.citation")];
  const current = citations.indexOf(document.activeElement as HTMLElement);
  const next = current < 0 ? (step > 0 ? 0 : citations.length - 1) : current + step;
  citations[next]?.focus();
}
