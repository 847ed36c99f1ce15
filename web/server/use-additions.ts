import { useEffect, useSyncExternalStore } from "react";
import { type Addition, additions } from "./additions";

/**
 * The material on its way to a course.
 *
 * @param onChanged called when an addition begins or ends
 */
export function useAdditions(course_id: string, onChanged: () => void): Addition[] {
  const items = useSyncExternalStore(additions.subscribe, additions.getItems);
  const own = items.filter((one) => one.course_id === course_id);
  // An addition that begins or ends changes the number.
  useEffect(() => onChanged(), [own.length, onChanged]);
  return own;
}
