/** The forms that the values of settings have. Each error names the valid form. */
import { z } from "zod";
import { type AccessScope, SCOPES } from "./principal";

/** A whole number from `least` to `most`. */
export const wholeNumber = (least: number, most?: number) => {
  const range = most === undefined ? `${least} or more` : `${least} to ${most}`;
  const error = `must be a whole number, ${range}`;
  return z.coerce
    .number({ error })
    .int()
    .min(least)
    .max(most ?? Number.MAX_SAFE_INTEGER);
};

export const Port = wholeNumber(0, 65_535);
export const Count = wholeNumber(1);
/** Not empty. */
export const Secret = z.string().min(1).optional();
export const BaseUrl = z
  .url({ protocol: /^https?$/, error: "must be an address such as https://host/path" })
  .optional();
/** The driver decodes user and password, and throws on a `%` without two hexadecimal digits. */
export const PostgresUrl = z
  .string()
  .refine(
    (text) => {
      const url = URL.parse(text);
      const isPostgres = url !== null && /^postgres(ql)?:$/.test(url.protocol);
      return isPostgres && tryDecode(`${url.username}${url.password}${url.pathname}`) !== undefined;
    },
    {
      error:
        "must be postgres://user:password@host:port/database, with special characters of the password percent-encoded, such as %25 for %",
    },
  )
  .optional();
export const CommaList = z.string().transform((list) =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean),
);
/** A host name, a domain with its subdomains, or `host:port`, as `openHostRules` reads them. */
export const HostRule = z.string().regex(/^(\*\.)?[\w.-]+$|^(\[[\da-f:.]+\]|[\w.-]+):\d+$/i, {
  error: ({ input }) => `"${input}" must be name.example, *.example.com or host:port`,
});
/** An origin as browsers send it: `https://app.example/` becomes `https://app.example`. Apps use schemes of their own. */
export const Origin = z.string().transform((entry, context) => {
  if (entry === "*") return entry;
  const url = URL.parse(entry);
  const origin = url?.host ? `${url.protocol}//${url.host}` : null;
  if (origin && [origin, `${origin}/`].includes(url!.href)) return origin;
  const message = `"${entry}" is not an origin such as https://app.example`;
  context.issues.push({ code: "custom", message, input: entry });
  return z.NEVER;
});

/** `teacher=read+ingest+chat,*=read+chat`: the scopes of each value of a claim; `*` is every valid token. */
export const ScopesMap = z.string().transform((text, context) => {
  const map = new Map<string, AccessScope[]>();
  for (const entry of text.split(",").filter((one) => one.trim() !== "")) {
    const at = entry.lastIndexOf("=");
    const scopes = z.array(z.enum(SCOPES)).safeParse(
      entry
        .slice(at + 1)
        .trim()
        .split("+"),
    );
    if (at > 0 && scopes.success) {
      map.set(entry.slice(0, at).trim(), scopes.data);
      continue;
    }
    const message = `"${entry}" must be value=scope+scope, with the scopes ${SCOPES.join(", ")}`;
    context.issues.push({ code: "custom", message, input: entry });
  }
  return map;
});

/** `name=number` pairs, separated by commas, as an object. */
const NumberList = (names: z.ZodType<string>, value: z.ZodType<number>) =>
  CommaList.transform((entries, context) => {
    const numbers: Record<string, number> = {};
    for (const entry of entries) {
      const [name = "", text = ""] = entry.split("=").map((part) => part.trim());
      const known = names.safeParse(name);
      const number = value.safeParse(text === "" ? Number.NaN : Number(text));
      if (known.success && number.success) {
        numbers[name] = number.data;
        continue;
      }
      const message = `"${entry}": ${(known.error ?? number.error)!.issues[0]!.message}`;
      context.issues.push({ code: "custom", message, input: entry });
    }
    return numbers;
  });
const LIMIT_NAMES = z.enum(
  [
    "read",
    "ingest",
    "chat",
    "admin",
    "share_link",
    "address",
    "failed_logins",
    "streams",
    "uploads",
  ],
  {
    error:
      "must be read=, ingest=, chat=, admin=, share_link=, address=, failed_logins=, streams= or uploads=",
  },
);
const Amount = z.number({ error: "must be a whole number, 1 or more" }).int().min(1);
/** Calls under way by provider, such as `{ elevenlabs: 4 }`. */
export const CallsAtATime = NumberList(
  z.string().regex(/^[a-z_]+$/, { error: "must be provider=number" }),
  Amount,
);
/** `RATE_LIMITS`: requests a minute by scope or address; streams and uploads are counted while they are open. */
export const LimitsPerMinute = NumberList(LIMIT_NAMES, Amount);

/** One address, or a network in CIDR form. */
export const Network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: "must be an IP address or a network such as 10.0.0.0/8",
});
const BUDGET_UNITS = z.enum(["audio_minutes", "pages", "usd"], {
  error: "must be audio_minutes=, pages= or usd= with a number",
});
/** The limits of one scope, such as `{ audio_minutes: 180, usd: 5 }`. */
export const Budget = NumberList(
  BUDGET_UNITS,
  z.number({ error: "must be a number, 0 or more" }).min(0),
);

/** `name=value` pairs, separated by commas, with percent-encoded values. */
export const OtlpHeaders = CommaList.transform((entries, context) => {
  const headers: Record<string, string> = {};
  for (const entry of entries) {
    const [, name, value] = /^([\w-]+)\s*=\s*(.*)$/.exec(entry) ?? [];
    const decoded = value === undefined ? undefined : tryDecode(value);
    if (name !== undefined && decoded !== undefined) headers[name] = decoded;
    // The entry can be a secret, so the message does not repeat it.
    else context.issues.push({ code: "custom", message: "must be name=value", input: null });
  }
  return headers;
});

function tryDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
