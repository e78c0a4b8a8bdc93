import { useEffect, useRef } from "react";
import { Link } from "wouter";
import styles from "./TabLinks.module.css";

interface Props {
  slug: string;
  tabs: { path: string; label: string; warnings: number; severe: boolean }[];
  active: string;
}

/** Sections of a competition: links, so that each has an address to send to a team mate. */
export function TabLinks({ slug, tabs, active }: Props) {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the row scrolls: the open section must be seen.
    bar.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [active]);
  return (
    <nav className={styles.tabs} aria-label="Sections" ref={bar}>
      {tabs.map((tab) => (
        <Link
          key={tab.path}
          href={`/competitions/${slug}/${tab.path}`}
          className={(tab.path === active ? styles.active : styles.tab) ?? ""}
          aria-current={tab.path === active ? "page" : undefined}
        >
          {tab.label}
          {tab.warnings > 0 && (
            <span className={tab.severe ? styles.severe : styles.warnings} aria-label={`, warnings: ${tab.warnings}`}>
              {tab.warnings}
            </span>
          )}
        </Link>
      ))}
    </nav>
  );
}
