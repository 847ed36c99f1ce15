import { createLecternClient } from "@lectern/client";

/** The key of this tab; closing the tab forgets it. */
const STORED = "lectern-key";
/** Set if the key came with a share link. */
const FROM_LINK = "lectern-key-from-link";

/** Takes the key of a share link from the address and hides it there. True if the address had one. */
export function takeSharedKey(): boolean {
  const [, key] = /^#key=(\w+)$/.exec(location.hash) ?? [];
  if (!key) return false;
  sessionStorage.setItem(STORED, key);
  sessionStorage.setItem(FROM_LINK, "true");
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

/** True if the key came with a share link, which shows no stored conversations. */
export const hasSharedKey = (): boolean => sessionStorage.getItem(FROM_LINK) !== null;

/** What the reader can do after the server refused the request for its key, or for its missing key. */
export function explainRefusal(): string {
  if (sessionStorage.getItem(FROM_LINK)) {
    return "This link has expired or was withdrawn. Ask the person who gave it to you for a new one.";
  }
  return sessionStorage.getItem(STORED)
    ? "The server did not accept this key. Check it, or ask for a key with the scopes read and chat."
    : "This server asks for a key. You get one from the person who runs it.";
}

/** The client of this page's server. */
export const lectern = createLecternClient({
  baseUrl: "",
  apiKey: () => sessionStorage.getItem(STORED),
});

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
      sessionStorage.removeItem(FROM_LINK);
      resolve();
    };
  });
  input.value = "";
  form.hidden = true;
}

/** Opens a link to a file of this server in a new tab. Links send no key, so the address is signed first. */
export async function openSigned(url: string): Promise<void> {
  // Browsers allow a new tab only during the click.
  const tab = window.open("about:blank", "_blank");
  if (!tab) return;
  tab.opener = null;
  const answer = await lectern
    .POST("/api/signed-urls", { body: { urls: [url] } })
    .catch(() => null);
  const signed = answer?.data?.items[0]?.url;
  // Without a signature the address itself shows why it does not open.
  tab.location.replace(new URL(signed ?? url, location.href).href);
}

/** True when links to files of this server need a signature. */
export const needsSignature = (url: string): boolean =>
  /\/api\/(documents|lectures)\//.test(url) && sessionStorage.getItem(STORED) !== null;
