import type { Finding } from "../api/types";
import { worstOf } from "./findings";
import styles from "./Insight.module.css";

/** Beside a name: there are warnings about it; the pointer tells them. */
export function WarningMark({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) return null;
  const severe = worstOf(findings) === "severe";
  return (
    <abbr
      className={severe ? styles.bad : styles.warn}
      title={findings.map(({ sentence }) => sentence).join("\n")}
      aria-label={severe ? "severe warning" : "warning"}
    >
      !
    </abbr>
  );
}
