import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** So close to the end counts as the end, in CSS pixels. */
const NEAR_PX = 80;

/**
 * Keeps a growing element at its end while the reader is there. Scrolling up stops this; scrolling back to
 * the end, or `follow`, starts it again.
 */
export function useFollow(element: RefObject<HTMLElement | null>, content: unknown) {
  const isFollowing = useRef(true);
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    const node = element.current;
    if (!node) return;
    const onScroll = () => {
      const rest = node.scrollHeight - node.scrollTop - node.clientHeight;
      isFollowing.current = rest < NEAR_PX;
      setAway(!isFollowing.current);
    };
    node.addEventListener("scroll", onScroll, { passive: true });
    return () => node.removeEventListener("scroll", onScroll);
  }, [element]);
  const follow = useCallback(() => {
    const node = element.current;
    isFollowing.current = true;
    setAway(false);
    if (node) node.scrollTop = node.scrollHeight;
  }, [element]);
  useLayoutEffect(() => {
    const node = element.current;
    if (node && isFollowing.current) node.scrollTop = node.scrollHeight;
  }, [content, element]);
  return { isAway, follow };
}
