import { dropFiles } from "./drafts";
import styles from "./DropZone.module.css";

/** Dropping works anywhere on the page; this is where it is said, and where a click or a key opens the file dialog. */
export function DropZone({ slug }: { slug: string }) {
  return (
    <label className={styles.zone}>
      <input
        type="file"
        multiple
        className="hidden-text"
        data-testid="drop-zone"
        onChange={(event) => {
          dropFiles(slug, [...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <span className={styles.call}>Drop prediction files here, or choose them</span>
      <span className="small muted">
        <code>NAME_oof.csv</code> and <code>NAME_test.csv</code> are matched by name; <code>NAME_oof_fold3.parquet</code> is fold 3. Several models at
        once are fine.
      </span>
    </label>
  );
}
