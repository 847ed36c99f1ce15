import type { RootContent } from "hast";
import { type ReactNode, useEffect, useState } from "react";
import { useCopy } from "../components/copy-text";
import { strings } from "../text/strings";

type Highlight = typeof import("./highlight")["highlight"];
let loading: Promise<{ highlight: Highlight }> | undefined;
let highlight: Highlight | undefined;

/** Longer code is not coloured: it would block the page. Characters. */
const MAX_COLOURED = 20_000;

/** Code with colours. The library is loaded with the first code of a named language. */
export function CodeBlock({ text, language }: { text: string; language: string | undefined }) {
  const [isLoaded, setLoaded] = useState(highlight !== undefined);
  const { label, copy, reset } = useCopy(strings.copyCode);
  const isColoured = language !== undefined && text.length <= MAX_COLOURED;
  useEffect(() => {
    if (isLoaded || !isColoured) return;
    let isCurrent = true;
    loading ??= import("./highlight");
    void loading.then((module) => {
      highlight = module.highlight;
      if (isCurrent) setLoaded(true);
    });
    return () => {
      isCurrent = false;
    };
  }, [isLoaded, isColoured]);
  const tree = isColoured && isLoaded ? highlight?.(text, language) : undefined;
  return (
    <div className="code">
      <button type="button" className="quiet" onClick={() => void copy(text)} onBlur={reset}>
        {label}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide code scrolls, also with the keyboard */}
      <pre dir="ltr" tabIndex={0}>
        <code>{tree ? tree.map(toElement) : text}</code>
      </pre>
    </div>
  );
}

/** A part of highlighted code as an element: spans with classes, and text. */
function toElement(node: RootContent, key: number): ReactNode {
  if (node.type === "text") return node.value;
  if (node.type !== "element") return null;
  const { className } = node.properties;
  return (
    <span key={key} className={Array.isArray(className) ? className.join(" ") : undefined}>
      {node.children.map(toElement)}
    </span>
  );
}
