import styles from "./Brand.module.css";

export function Brand({ large = false }: { large?: boolean }) {
  return (
    <span className={large ? styles.large : styles.brand}>
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect x="3" y="21" width="26" height="6" rx="1.5" className={styles.base} />
        <rect x="7" y="13" width="18" height="6" rx="1.5" className={styles.middle} />
        <rect x="12" y="5" width="8" height="6" rx="1.5" className={styles.top} />
      </svg>
      Stackyard
    </span>
  );
}
