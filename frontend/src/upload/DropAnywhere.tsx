import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import type { Competition } from "../api/types";
import { dropFiles } from "./drafts";
import styles from "./DropAnywhere.module.css";

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

/** Files may be dropped anywhere on a competition's pages; the upload form opens with them in it. */
export function DropAnywhere({ competition }: { competition: Competition }) {
  const over = useWindowDrop(competition.slug);
  if (!over) return null;
  return (
    <div className={styles.veil} aria-hidden="true">
      <p>Drop to upload to {competition.name}</p>
    </div>
  );
}

function useWindowDrop(slug: string): boolean {
  const [over, setOver] = useState(false);
  const [, navigate] = useLocation();
  useEffect(() => {
    const listening = new AbortController();
    const listen = (name: "dragover" | "dragleave" | "drop", handle: (event: DragEvent) => void): void =>
      window.addEventListener(name, handle, { signal: listening.signal });
    listen("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(true);
    });
    // Leaving the window is the leave that goes to nowhere; the others go from one element to the next.
    listen("dragleave", (event) => setOver((before) => before && event.relatedTarget !== null));
    listen("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(false);
      dropFiles(slug, [...(event.dataTransfer?.files ?? [])]);
      navigate(`/competitions/${slug}/upload`);
    });
    return () => listening.abort();
  }, [slug, navigate]);
  return over;
}
