import { useState } from "react";
import { strings } from "../text/strings";

/** The name of a button that copies, which changes after a click. */
export function useCopy(name: string) {
  const [isDone, setDone] = useState<boolean>();
  const ended = isDone ? strings.copied : strings.copyRefused;
  return {
    label: isDone === undefined ? name : ended,
    copy: async (text: string) => setDone(await copyText(text)),
    reset: () => setDone(undefined),
  };
}

/** Copies to the clipboard. Browsers can forbid it, and pages of plain http hosts have no `navigator.clipboard`. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const focused = document.activeElement;
  const box = document.createElement("textarea");
  box.value = text;
  document.body.append(box);
  box.select();
  const isDone = document.execCommand("copy");
  box.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isDone;
}
