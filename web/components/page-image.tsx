import { useState } from "react";
import { useSignedUrl } from "../server/signed-url";

/** A page as an image. Shows nothing if there is no image, or if it does not load. */
export function PageImage({ url, alt }: { url: string | undefined; alt: string }) {
  const ready = useSignedUrl(url);
  const [failed, setFailed] = useState<string>();
  if (ready === undefined || ready === failed) return null;
  return (
    <img className="page" src={ready} alt={alt} loading="lazy" onError={() => setFailed(ready)} />
  );
}
