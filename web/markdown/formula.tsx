import { useEffect, useRef, useState } from "react";

type Temml = typeof import("temml");
let loading: Promise<Temml> | undefined;
let temml: Temml["default"] | undefined;

/** The largest size that a formula can ask for, such as in `\\rule`, in em. */
const MAX_SIZE: [number, number] = [50, 50];

/** A formula as MathML. The library is loaded with the first formula; until then the source is shown. */
export function Formula({ source, isBlock }: { source: string; isBlock: boolean }) {
  const element = useRef<HTMLSpanElement>(null);
  const [isLoaded, setLoaded] = useState(temml !== undefined);
  useEffect(() => {
    if (isLoaded) return;
    let isCurrent = true;
    loading ??= import("temml");
    void loading.then((module) => {
      temml = module.default;
      if (isCurrent) setLoaded(true);
    });
    return () => {
      isCurrent = false;
    };
  }, [isLoaded]);
  useEffect(() => {
    if (!isLoaded || !temml || !element.current) return;
    try {
      const options = {
        displayMode: isBlock,
        throwOnError: true,
        trust: false,
        maxExpand: 1_000,
        maxSize: MAX_SIZE,
      };
      temml.render(source, element.current, options);
    } catch {
      element.current.textContent = source;
    }
  }, [isLoaded, source, isBlock]);
  return (
    <span className={isBlock ? "formula block" : "formula"} ref={element} dir="ltr">
      {isLoaded ? null : source}
    </span>
  );
}
