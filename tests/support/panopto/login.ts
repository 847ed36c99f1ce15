import type { IncomingMessage } from "node:http";
import { answer, type Fault, redirectTo } from "./faults";

/** The API client and user that the test site knows. */
export const CLIENT = {
  clientId: "lectern",
  clientSecret: "client secret",
  username: "api\\lectern",
  password: "pass word",
};

const TOKEN = "token-for-tests";
const json = (value: unknown) =>
  answer(200, JSON.stringify(value), { "content-type": "application/json" });

/** Panopto's two ways in: a cookie, and an API client that is given one. */
export function openTestLogin() {
  const valid = new Set<string>();
  let isRequired = false;
  let issued = 0;

  const legacyLogin = (incoming: IncomingMessage): Fault => {
    if (incoming.headers.authorization !== `Bearer ${TOKEN}`) return answer(401);
    const cookie = `issued-${++issued}`;
    valid.add(cookie);
    const fresh = `.ASPXAUTH=${cookie}; path=/; HttpOnly`;
    return answer(200, "", { "set-cookie": [".ASPXAUTH=; path=/", fresh] });
  };

  return {
    require: (cookie: string) => {
      isRequired = true;
      valid.add(cookie);
    },
    expire: () => valid.clear(),
    /** What this request gets instead of its page, or nothing when it may pass. */
    faultFor: (incoming: IncomingMessage, body: string): Fault | undefined => {
      const path = incoming.url!;
      if (path.endsWith("/oauth2/connect/token")) return tokenAnswer(incoming, body);
      if (path.endsWith("/auth/legacyLogin")) return legacyLogin(incoming);

      const cookie = /\.ASPXAUTH=([^;]+)/.exec(incoming.headers.cookie ?? "")?.[1];
      if (!isRequired || !path.startsWith("/Panopto/") || valid.has(cookie ?? "")) return undefined;
      if (!path.includes("DeliveryInfo")) return redirectTo("/Panopto/Pages/Auth/Login.aspx");
      return json({ ErrorCode: 2, ErrorMessage: "Unauthorized" });
    },
  };
}

function tokenAnswer({ headers }: IncomingMessage, body: string): Fault {
  const basic = Buffer.from(`${CLIENT.clientId}:${CLIENT.clientSecret}`).toString("base64");
  const form = new URLSearchParams(body);
  const isRight =
    headers.authorization === `Basic ${basic}` &&
    form.get("grant_type") === "password" &&
    form.get("username") === CLIENT.username &&
    form.get("password") === CLIENT.password;
  return isRight ? json({ access_token: TOKEN, token_type: "Bearer" }) : answer(400);
}
