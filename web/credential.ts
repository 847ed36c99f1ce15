/** The key of this tab; closing the tab forgets it. */
const STORED = "lectern-key";

/** The headers of every request of the page; none until the reader enters a key. */
export function credentialHeaders(): Record<string, string> {
  const key = sessionStorage.getItem(STORED);
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** Shows the form for a key, and resolves when the reader has entered one. */
export async function askForKey(problem: string): Promise<void> {
  const form = document.getElementById("sign-in") as HTMLFormElement;
  const input = form.querySelector("input")!;
  form.querySelector("p")!.textContent = problem;
  form.hidden = false;
  input.focus();
  await new Promise<void>((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(STORED, input.value.trim());
      resolve();
    };
  });
  input.value = "";
  form.hidden = true;
}
