import { type NextRequest, NextResponse } from "next/server";
import { VISITOR_COOKIE } from "./lib/lectern";

/** Names each visitor with a random cookie. With a login of your own, remove this file. */
export function proxy(request: NextRequest): NextResponse {
  const response = NextResponse.next();
  if (!request.cookies.has(VISITOR_COOKIE)) {
    response.cookies.set(VISITOR_COOKIE, crypto.randomUUID(), {
      httpOnly: true,
      sameSite: "lax",
      secure: request.nextUrl.protocol === "https:",
      maxAge: 365 * 24 * 60 * 60,
    });
  }
  return response;
}

export const config = { matcher: "/" };
