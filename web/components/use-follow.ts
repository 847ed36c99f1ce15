import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** So close to the end counts as the end, in CSS pixels. */
const NEAR_PX = 80;

/**
 * Keeps a growing element at its end while the reader is there. Scrolling up stops this; scrolling back to
 * the end, or `follow`, starts it again.
 *
 * @param element its first child has all of the content
 */
export function useFollow(element: RefObject<HTMLElement | null>, content: unknown) {
  const isFollowing = useRef(true);
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    const node = element.current;
    if (!node) return;
    let lastTop = node.scrollTop;
    const onScroll = () => {
      const rest = node.scrollHeight - node.scrollTop - node.clientHeight;
      // The content can grow between a scroll and its event, so only a scroll upwards leaves the end.
      if (rest < NEAR_PX) isFollowing.current = true;
      else if (node.scrollTop < lastTop) isFollowing.current = false;
      lastTop = node.scrollTop;
      setAway(!isFollowing.current);
    };
    node.addEventListener("scroll", onScroll, { passive: true });
    // Formulas, images and parts whose code is loaded later grow without new content.
    const growth = new ResizeObserver(() => {
      if (isFollowing.current) node.scrollTop = node.scrollHeight;
    });
    if (node.firstElementChild) growth.observe(node.firstElementChild);
    return () => {
      node.removeEventListener("scroll", onScroll);
      growth.disconnect();
    };
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
