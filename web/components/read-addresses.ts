/** The addresses in a pasted text, each once. A line with an embed code is one address: the server reads it. */
export function readAddresses(text: string): string[] {
  const parts = text
    .split(/[\r\n]+/)
    .flatMap((line) => (/<\w/.test(line) ? line : line.split(/\s+/)))
    .map((part) => withoutBrackets(part.trim().replace(/[,;]+$/, "")));
  return [...new Set(parts.filter(Boolean))];
}

/** Without quotes or brackets around it. The quotes in a folder's address (`folderID="…"`) stay. */
const withoutBrackets = (part: string) =>
  /^(["'(])https?:.*["')]$|^<https?:[^\s<>]*>$/.test(part) ? part.slice(1, -1) : part;

/** True for a folder or feed of Panopto, which has many recordings. */
export const isCollection = (url: string): boolean =>
  /\/Sessions\/List\.aspx\b|\/Podcast\.ashx\?(?=.*courseid=)/i.test(url);
