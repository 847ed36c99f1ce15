/** Milliseconds as a clock shows them, in whole seconds: `7:05`, or `1:02:03` from one hour. */
export function toClock(ms: number): string {
  const [hours, minutes, seconds] = toClockParts(ms);
  return hours === "00"
    ? `${Number(minutes)}:${seconds}`
    : `${Number(hours)}:${minutes}:${seconds}`;
}

/** Milliseconds as the time of a caption: `01:02:03.456`. SRT separates with a comma, WebVTT with a full stop. */
export function toCaptionTime(ms: number, separator: "." | ","): string {
  return `${toClockParts(ms).join(":")}${separator}${String(ms % 1_000).padStart(3, "0")}`;
}

/** Hours, minutes and seconds, each with at least two digits. */
const toClockParts = (ms: number): string[] =>
  [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1_000) % 60].map((value) =>
    String(Math.floor(value)).padStart(2, "0"),
  );
