import { useReachable } from "../api/connection";
import styles from "./ConnectionBanner.module.css";

/** Quiet, and gone by itself as soon as the server answers a poll again. */
export function ConnectionBanner() {
  const reachable = useReachable();
  return (
    <div role="status" aria-live="polite">
      {!reachable && <p className={styles.banner}>The server does not answer. What you see may be old; trying again every 2 seconds.</p>}
    </div>
  );
}
