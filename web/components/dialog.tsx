import { type ReactNode, useEffect, useRef } from "react";
import { strings } from "../text/strings";

type DialogProps = { label: string; onClose: () => void; children: ReactNode };

/** A modal dialog of the browser: it keeps the focus, closes with Esc, and returns the focus. */
export function Dialog({ label, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} aria-label={label} onClose={onClose}>
      <button
        type="button"
        className="close icon"
        aria-label={strings.close}
        onClick={() => element.current?.close()}
      >
        ✕
      </button>
      {children}
    </dialog>
  );
}
