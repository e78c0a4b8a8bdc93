import { useEffect } from "react";

/** The browser tab's title while a page is shown. */
export function useTitle(...parts: string[]): void {
  const title = [...parts, "Stackyard"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
