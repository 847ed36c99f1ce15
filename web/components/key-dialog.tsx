import { useEffect, useRef } from "react";
import { strings } from "../text/strings";

/** Asks for a key. It cannot be closed, because the page shows nothing without one. */
export function KeyDialog({ problem, onKey }: { problem: string; onKey: (key: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
  }, []);
  return (
    <main className="empty">
      <form
        id="sign-in"
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          const key = input.current?.value ?? "";
          if (input.current) input.current.value = "";
          onKey(key);
        }}
      >
        <h2>{strings.keyTitle}</h2>
        <p role="alert">{problem}</p>
        <label>
          {strings.key}
          <input ref={input} type="password" autoComplete="off" required />
        </label>
        <button type="submit">{strings.continue}</button>
      </form>
    </main>
  );
}
