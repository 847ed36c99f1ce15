/** The limits of a server of ours. */
export const SERVER_LIMITS = {
  /** Disables Bun's own limit, which sends a 413 without a body. Each body parser has its own limit. */
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  /** Seconds, against clients that send slowly; streams switch it off for their request. */
  idleTimeout: 30,
};
